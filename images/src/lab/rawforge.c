/*
 * rawforge: sends Ethernet frames that lie: about the sender's MAC, its IP address, an ARP answer, a VLAN tag. What becomes of
 * them is the switch's affair: does its port security drop and count them?
 *
 * Sources: IEEE 802.3 and 802.1Q frame formats; RFC 826 (ARP); RFC 791 (IPv4); RFC 768 (UDP).
 */
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t frame[128];
static size_t length;

static void put(const void *bytes, size_t count) {
    memcpy(frame + length, bytes, count);
    length += count;
}

static void put16(uint16_t value) {
    uint16_t wire = htons(value);
    put(&wire, 2);
}

static bool parse_mac(const char *text, uint8_t *mac) {
    unsigned b[6];
    char rest;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", b, b + 1, b + 2, b + 3, b + 4, b + 5, &rest) != 6)
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = b[i];
    return true;
}

static uint16_t checksum(const uint8_t *bytes, size_t count) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i += 2)
        sum += bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static void build_arp(const uint8_t *mac, uint32_t ip, uint32_t victim) {
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    put16(ETH_P_ARP);
    put16(1), put16(ETH_P_IP); /* Ethernet, IPv4 */
    put("\6\4", 2);
    put16(2); /* reply */
    put(mac, 6), put(&ip, 4);
    put(broadcast, 6), put(&victim, 4);
}

static void build_udp(uint32_t from, uint32_t to) {
    static const char text[] = "forged";
    put16(ETH_P_IP);
    size_t start = length;
    put("\x45\x00", 2);
    put16(20 + 8 + sizeof text);
    put16(0x4853), put16(0);
    put("\x40\x11\0\0", 4); /* TTL 64, UDP, checksum to come */
    put(&from, 4), put(&to, 4);
    uint16_t sum = htons(checksum(frame + start, 20));
    memcpy(frame + start + 10, &sum, 2);
    put16(4660), put16(9), put16(8 + sizeof text), put16(0); /* to port 9, discard; no checksum */
    put(text, sizeof text);
}

int rawforge_main(int argc, char **argv) {
    const char *device = word_option(argc, argv, "--interface", "eth0");
    const char *kind = word_option(argc, argv, "--kind", "mac");
    const char *mac_text = word_option(argc, argv, "--mac", "02:de:ad:be:ef:01");
    const char *ip_text = word_option(argc, argv, "--ip", "10.0.0.1");
    const char *to_text = word_option(argc, argv, "--to", "10.0.0.2");
    long vlan = option(argc, argv, "--vlan", 0, 4094, 1);
    long count = option(argc, argv, "--count", 1, 1000000, 1);
    if (!announced(argc, argv,
                   "rawforge: sends frames with a forged origin from this guest's network card.\n"
                   "Options: --kind mac    another sender's MAC (default)\n"
                   "         --kind ip     our MAC, another sender's IP address\n"
                   "         --kind arp    \"IP is at MAC\" to everybody: takes over an address\n"
                   "         --kind vlan   an 802.1Q tag, to reach another VLAN\n"
                   "         --mac M --ip A --to A --vlan N --count N --interface I, --yes"))
        return 0;

    uint8_t forged[6];
    struct in_addr ip, to;
    if (!parse_mac(mac_text, forged) || inet_aton(ip_text, &ip) == 0 || inet_aton(to_text, &to) == 0) {
        fputs("rawforge: wants --mac xx:xx:xx:xx:xx:xx and --ip, --to a.b.c.d\n", stderr);
        return 64;
    }
    bool mac = strcmp(kind, "mac") == 0, arp = strcmp(kind, "arp") == 0, tagged = strcmp(kind, "vlan") == 0;
    if (!mac && !arp && !tagged && strcmp(kind, "ip") != 0) {
        fprintf(stderr, "rawforge: there is no kind \"%s\"\n", kind);
        return 64;
    }

    int s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (s < 0 || ioctl(s, SIOCGIFINDEX, &request) < 0) {
        fprintf(stderr, "rawforge: %s: %s\n", device, strerror(errno));
        return 1;
    }
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = request.ifr_ifindex, .sll_halen = 6};
    ioctl(s, SIOCGIFHWADDR, &request);
    const uint8_t *own = (const uint8_t *)request.ifr_hwaddr.sa_data;

    memset(address.sll_addr, 0xff, 6);
    put(address.sll_addr, 6);
    put(mac ? forged : own, 6);
    if (tagged)
        put16(ETH_P_8021Q), put16(vlan);
    if (arp)
        build_arp(forged, ip.s_addr, to.s_addr);
    else
        build_udp(ip.s_addr, to.s_addr);
    if (length < ETH_ZLEN)
        length = ETH_ZLEN;

    long sent = 0;
    while (sent < count && sendto(s, frame, length, 0, (struct sockaddr *)&address, sizeof address) >= 0)
        sent++;
    if (sent < count)
        perror("rawforge: send");
    printf("%ld of %ld frames of kind \"%s\" handed to %s\n", sent, count, kind, device);
    close(s);
    return sent == count ? 0 : 1;
}
