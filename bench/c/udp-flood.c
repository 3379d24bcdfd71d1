// The kernel's side of filter-forward: sends small UDP datagrams for a while and prints how many a second.
//   udp-flood ADDRESS PORT SECONDS   sends
//   udp-flood PORT                   takes in what comes, unread, so that nobody answers with ICMP
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (count == 2) {
    address.sin_port = htons(atoi(arguments[1]));
    if (bind(s, (struct sockaddr *)&address, sizeof address)) return 1;
    pause();
    return 0;
  }
  if (count != 4) return 2;
  inet_pton(AF_INET, arguments[1], &address.sin_addr);
  address.sin_port = htons(atoi(arguments[2]));
  if (connect(s, (struct sockaddr *)&address, sizeof address)) return 1;
  char payload[18] = {0};
  long sent = 0;
  double start = now(), end = start + atof(arguments[3]), t;
  do {
    for (int i = 0; i < 256; i++)
      if (send(s, payload, sizeof payload, 0) > 0) sent++;
    t = now();
  } while (t < end);
  printf("%ld %.0f\n", sent, sent / (t - start));
  return 0;
}
