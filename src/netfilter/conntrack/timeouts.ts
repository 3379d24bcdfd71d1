/** How long connections are remembered after their last packet: seconds, under the names of the kernel's sysctls. */

/** By the names behind `nf_conntrack_`. */
export interface ConntrackTimeouts {
  tcp_timeout_syn_sent: number
  tcp_timeout_syn_recv: number
  tcp_timeout_established: number
  tcp_timeout_fin_wait: number
  tcp_timeout_close_wait: number
  tcp_timeout_last_ack: number
  tcp_timeout_time_wait: number
  tcp_timeout_close: number
  /** After so many repetitions of one packet, and while data is not acknowledged. */
  tcp_timeout_max_retrans: number
  tcp_timeout_unacknowledged: number
  udp_timeout: number
  udp_timeout_stream: number
  icmp_timeout: number
  sctp_timeout_closed: number
  sctp_timeout_cookie_wait: number
  sctp_timeout_cookie_echoed: number
  sctp_timeout_established: number
  sctp_timeout_shutdown_sent: number
  sctp_timeout_shutdown_recd: number
  sctp_timeout_shutdown_ack_sent: number
  sctp_timeout_heartbeat_sent: number
  gre_timeout: number
  gre_timeout_stream: number
  generic_timeout: number
}

/** The kernel's own. */
export const DEFAULT_TIMEOUTS: Readonly<ConntrackTimeouts> = {
  tcp_timeout_syn_sent: 120,
  tcp_timeout_syn_recv: 60,
  tcp_timeout_established: 432_000,
  tcp_timeout_fin_wait: 120,
  tcp_timeout_close_wait: 60,
  tcp_timeout_last_ack: 30,
  tcp_timeout_time_wait: 120,
  tcp_timeout_close: 10,
  tcp_timeout_max_retrans: 300,
  tcp_timeout_unacknowledged: 300,
  udp_timeout: 30,
  udp_timeout_stream: 120,
  icmp_timeout: 30,
  sctp_timeout_closed: 10,
  sctp_timeout_cookie_wait: 3,
  sctp_timeout_cookie_echoed: 3,
  sctp_timeout_established: 210,
  sctp_timeout_shutdown_sent: 3,
  sctp_timeout_shutdown_recd: 3,
  sctp_timeout_shutdown_ack_sent: 3,
  sctp_timeout_heartbeat_sent: 30,
  gre_timeout: 30,
  gre_timeout_stream: 180,
  generic_timeout: 600,
}
