"""Passwords of options whose name does not show it, in the command lines of processes and containers."""

import pytest

from doctor.facts.secrets.redact import redact

LINES = """
mysql -uroot -pSECRET db
/usr/bin/mysqldump -h db -u root -p'SECRET' --all-databases
mysql -u root -p"SECRET"
mariadb-admin -pSECRET ping
["mysqladmin", "-uroot", "-pSECRET", "ping"]
["redis-cli", "-a", "SECRET", "ping"]
redis-cli -h x -a SECRET ping
redis-cli -aSECRET
curl -u bob:SECRET http://x/
curl -fsS -ubob:SECRET http://x/
curl --user bob:SECRET x
curl --proxy-user "bob:SECRET" x
curl -H "X-Api-Key: SECRET" https://x
curl -H "PRIVATE-TOKEN: SECRET" https://x
wget --http-password=SECRET x
sshpass -p SECRET ssh a@b
sshpass -pSECRET ssh a@b
PGPASSWORD=SECRET psql -h x
env PGPASSWORD=SECRET pg_dump
docker login -u u -p SECRET reg
docker login --password SECRET reg
echo SECRET | docker login --password-stdin reg
echo 'u:SECRET' | chpasswd
ldapsearch -x -D cn=a -w SECRET -b dc=x
mongosh -u a -p SECRET --eval 1
mongodump -u a -pSECRET
openssl enc -aes -pass pass:SECRET
7z x -pSECRET a.7z
unzip -P SECRET a.zip
smbclient //a/b -U bob%SECRET
snmpwalk -v2c -c SECRET host
mosquitto_pub -u a -P SECRET -t x
htpasswd -b /etc/x bob SECRET
htpasswd -nb bob SECRET
rabbitmqctl add_user bob SECRET
sqlplus scott/SECRET@orcl
sqlcmd -S x -U sa -P SECRET
lftp -u bob,SECRET ftp.x
ipmitool -H h -U u -P SECRET power
CMD-SHELL mysqladmin ping -pSECRET || exit 1
"""
PLAIN = """
mysql -u root -p shop
docker run -p 80:80 mysql -h x
docker run -d --name mysql -p3306:3306 mysql:8
docker rm -f a; docker pull b
mysql -P 3306 -h x
curl -v https://reg.example/v2/
curl -sS -o x http://h:80/ -u bob
iptables -P FORWARD DROP
nsenter -t 1 -n -p -u -i
redis-cli -h x -p 6379
wget -qO- http://x | sh
docker run -p 127.0.0.1:80:80 --network net web
net: bridge -U x
systemctl restart docker (http -u x)
zip -r a.zip b
echo 0 >/sys/fs/cgroup/x
echo THAWED | tee x
7z l a.7z -y
docker exec mysql mysqladmin -uroot -p ping
ps -eo pid,stat | grep mysql -p
docker login -u bob reg
apt-get install mysql-server -y
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("line", lines(LINES))
def test_a_password_in_a_command_line_is_masked(line: str) -> None:
    """By each program in the form of its manual page; the rest of the line stays readable."""
    shown = redact(line.replace("SECRET", "hunter2"))
    assert "hunter2" not in shown
    assert "***" in shown
    assert shown.split()[0] == line.split(maxsplit=1)[0] or "PASSWORD" in line


@pytest.mark.parametrize("line", lines(PLAIN))
def test_other_options_with_these_letters_stay(line: str) -> None:
    """A port, a user without a password, a prompt: advice with a mask can't be copied."""
    assert redact(line) == line


@pytest.mark.parametrize("word", ["-p", '-p" ', "-H a:", "echo a | ", "docker -p x ", "/"])
def test_a_long_line_costs_no_time(word: str) -> None:
    """Hostile arguments are at most linear to examine: a test with a quadratic pattern would not end."""
    text = "mysql curl " + word * (200_000 // len(word))
    assert redact(text)[:5] == "mysql"
