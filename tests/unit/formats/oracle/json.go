// Go's own decoder, as the judge of what daemon.json is and of the words for what it isn't.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		text, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		var value any
		err = json.Unmarshal(text, &value)
		if syntax, ok := err.(*json.SyntaxError); ok {
			fmt.Printf("%d %s\n", syntax.Offset, err)
		} else if err != nil {
			fmt.Printf("- %s\n", err)
		} else {
			again, _ := json.Marshal(value)
			fmt.Printf("ok %s\n", base64.StdEncoding.EncodeToString(again))
		}
	}
}
