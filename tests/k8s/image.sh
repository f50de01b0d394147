# shellcheck shell=bash
# Part of cluster.sh: images. Nothing can be pulled, so a folder becomes an OCI image and is loaded into the node.

# image NAME ROOTFS [ENTRYPOINT...]
image() {
  local name=$1 rootfs=$2 t layer config manifest entry='' e
  shift 2
  for e in "$@"; do entry+=${entry:+,}\"$e\"; done
  t=$(mktemp -d)
  mkdir -p "$t/blobs/sha256"
  layer=$(tar -C "$rootfs" --sort=name --owner=0 --group=0 --numeric-owner -cf - . | blob "$t" layer.v1.tar)
  e=${layer#*sha256:}
  config=$(
    blob "$t" config.v1+json <<END
{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:${e%%\"*}"]},
 "config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Entrypoint":[$entry]}}
END
  )
  manifest=$(blob "$t" manifest.v1+json <<<"{\"schemaVersion\":2,\"config\":{$config},\"layers\":[{$layer}]}")
  echo '{"imageLayoutVersion":"1.0.0"}' >"$t/oci-layout"
  echo "{\"schemaVersion\":2,\"manifests\":[{$manifest,\"annotations\":{\"io.containerd.image.name\":\"$name\"}}]}" \
    >"$t/index.json"
  tar -C "$t" -cf "$t.tar" oci-layout index.json blobs
  ctr_node images import "$t.tar" >/dev/null
  rm -r "$t" "$t.tar"
}

# blob FOLDER TYPE: store stdin, print its descriptor
blob() {
  local sum
  cat >"$1/new"
  sum=$(sha256sum <"$1/new")
  sum=${sum%% *}
  echo "\"mediaType\":\"application/vnd.oci.image.$2\",\"digest\":\"sha256:$sum\",\"size\":$(stat -c %s "$1/new")"
  mv "$1/new" "$1/blobs/sha256/$sum"
}

# The container that holds a pod's namespaces: it waits, and reaps
pause_image() {
  local t
  t=$(mktemp -d)
  gcc -Os -static -s -o "$t/pause" -x c - <<'END'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void quit(int s) { _exit(0); }
static void reap(int s) { while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) {
    signal(SIGTERM, quit); signal(SIGINT, quit); signal(SIGCHLD, reap);
    for (;;) pause();
}
END
  image localhost/pause:1 "$t" /pause
  rm -r "$t"
}
