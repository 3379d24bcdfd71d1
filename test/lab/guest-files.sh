#!/bin/sh
# What a guest is booted from, into the folder that is named: `vmlinuz`, Debian's cloud kernel, and `initramfs`, busybox
# and the driver of a virtio network card. The packages are taken apart and not installed.
#
# On the kernel's command line, address=10.0.0.3/24 gives the card an address. A file /script, from a second archive
# behind the first one, is run; then there is a shell, and the guest ends with it.
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
apt-get download -qq -o APT::Sandbox::User=root "$kernel" busybox-static
dpkg-deb -x "$kernel"_*.deb kernel
dpkg-deb -x busybox-static_*.deb busybox

mkdir -p root/bin root/proc root/sys root/dev root/modules
cp busybox/bin/busybox root/bin
# In the order in which they need one another.
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
  cp "$(find kernel -name "$module.ko")" root/modules
  echo "/modules/$module.ko" >> root/modules/list
done
cat > root/init << 'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/list); do insmod $module; done
ip link set lo up
ip link set eth0 up
address=$(sed -n 's/.*address=\([^ ]*\).*/\1/p' /proc/cmdline)
[ -z "$address" ] || ip addr add "$address" dev eth0
[ ! -f /script ] || . /script
setsid cttyhack sh
poweroff -f
INIT
chmod +x root/init

(cd root && find . | bin/busybox cpio -o -H newc 2> /dev/null) > "$folder/initramfs"
cp root/bin/busybox "$folder"
cp kernel/boot/vmlinuz-* "$folder/vmlinuz" # last: with it all is there
