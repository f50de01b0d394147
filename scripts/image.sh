#!/usr/bin/env bash
# scripts/image.sh NAME [BINARY [FOLDER]]: makes the root file system of an image without docker: the stripped program,
# the libraries it loads, certificate authorities, a user. NAME is kafkaproxy or kafkaproxy-operator; by default of
# build/bin/NAME into build/images/NAME. deploy/Dockerfile copies it, `tests/k8s/cluster.sh image` loads it into a node.
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:?kafkaproxy or kafkaproxy-operator}
binary=${2:-build/bin/$name}
folder=${3:-build/images/$name}
limit=$((40 << 20)) # bytes

rm -rf "$folder"
mkdir -p "$folder"/{etc/ssl/certs,tmp,usr/bin,usr/lib/ssl,usr/lib64}
chmod 1777 "$folder/tmp"
ln -s usr/lib "$folder/lib"
ln -s usr/lib64 "$folder/lib64"
ln -s usr/bin "$folder/bin"

strip -o "$folder/usr/bin/$name" "$binary"
ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$folder${library%/*}"
  cp -L "$library" "$folder$library"
done

# Where Debian's OpenSSL looks.
cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/"
ln -s /etc/ssl/certs "$folder/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$folder/usr/lib/ssl/cert.pem"
cp /etc/ssl/openssl.cnf "$folder/etc/ssl/"
ln -s /etc/ssl/openssl.cnf "$folder/usr/lib/ssl/openssl.cnf"

echo 'hosts: files dns' >"$folder/etc/nsswitch.conf"
printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'kafkaproxy:x:65532:65532:kafkaproxy:/:/sbin/nologin' \
  >"$folder/etc/passwd"
printf '%s\n' 'root:x:0:' 'kafkaproxy:x:65532:' >"$folder/etc/group"
cp -L /etc/os-release "$folder/etc/os-release" # what scanners go by

size=$(du -sb "$folder" | cut -f1)
echo "image: $folder: $((size >> 10)) KiB" >&2
((size <= limit)) || { echo "image: more than $((limit >> 20)) MiB" >&2 && exit 1; }
