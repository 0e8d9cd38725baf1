// The library that dockerd uses, as the judge of our reader and writer: dump, write to, or make a database.
package main

import (
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"

	bolt "go.etcd.io/bbolt"
)

func dump(b *bolt.Bucket, path string) {
	fmt.Printf("B %s %d\n", path, b.Sequence())
	b.ForEach(func(k, v []byte) error {
		p := path + "/" + hex.EncodeToString(k)
		if v == nil {
			dump(b.Bucket(k), p)
		} else {
			fmt.Printf("K %s %s\n", p, hex.EncodeToString(v))
		}
		return nil
	})
}

func put(tx *bolt.Tx, name string, key, value []byte) error {
	b, err := tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return err
	}
	b.NextSequence()
	inner, err := b.CreateBucketIfNotExists(key[:1])
	if err != nil {
		return err
	}
	if err := inner.Put(key, value); err != nil {
		return err
	}
	return b.Put(append([]byte("key"), key...), value)
}

func make(db *bolt.DB) error {
	chance := rand.New(rand.NewSource(7))
	for round := 0; round < 20; round++ {
		err := db.Update(func(tx *bolt.Tx) error {
			for n := 0; n < 150; n++ {
				key := []byte(fmt.Sprintf("%x", chance.Intn(4000)))
				value := []byte(fmt.Sprintf("%0*d", chance.Intn(300), chance.Int()))
				if err := put(tx, fmt.Sprintf("bucket%d", n%3), key, value); err != nil {
					return err
				}
				if b := tx.Bucket([]byte("bucket1")); b != nil && n%4 == 0 {
					b.Delete(append([]byte("key"), key...))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	db, err := bolt.Open(os.Args[2], 0600, nil)
	if err == nil && os.Args[1] == "make" {
		err = make(db)
	}
	if err == nil && os.Args[1] == "write" {
		err = db.Update(func(tx *bolt.Tx) error { return put(tx, "written by go", []byte("k"), []byte("v")) })
	}
	if err == nil {
		err = db.View(func(tx *bolt.Tx) error {
			for problem := range tx.Check() {
				fmt.Println("CHECK", problem)
			}
			return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
				dump(b, hex.EncodeToString(name))
				return nil
			})
		})
	}
	if err != nil {
		fmt.Println("ERR", err)
		os.Exit(1)
	}
	db.Close()
}
