/** Link types by number, for messages: the ones that captures at hand are most likely to have. */
import { CaptureError } from './capture-error.js'

/** The only link type that is read: Ethernet (LINKTYPE_ETHERNET). */
export const ETHERNET = 1
/** Messages of the kernel's packet log (LINKTYPE_NFLOG): only written. */
export const NFLOG = 239

const NAMES: Record<number, string> = {
  0: 'NULL, BSD loopback',
  1: 'EN10MB, Ethernet',
  9: 'PPP',
  101: 'RAW, raw IP',
  105: 'IEEE802_11',
  108: 'LOOP, OpenBSD loopback',
  113: 'LINUX_SLL, "any" device',
  127: 'IEEE802_11_RADIOTAP',
  189: 'USB_LINUX',
  195: 'IEEE802_15_4_WITHFCS',
  228: 'IPV4',
  229: 'IPV6',
  [NFLOG]: 'NFLOG, packets that iptables logged',
  249: 'USBPCAP',
  253: 'NETLINK',
  276: 'LINUX_SLL2, "any" device',
}

/** Throws a CaptureError unless it is Ethernet; `offset` is where the file says so. */
export function mustBeEthernet(path: string, offset: number, linkType: number): void {
  if (linkType === ETHERNET) return
  const name = NAMES[linkType]
  throw new CaptureError(
    `${path}: offset ${offset}: link type ${linkType}${name ? ` (${name})` : ''}, expected 1 (${NAMES[ETHERNET]})`,
  )
}
