/* In network-openssl.c's place: there is no TLS on this machine's own network. Whoever asks for a connection with it is told. */
#include "module.h"

#include <errno.h>

#include <irssi/src/core/network-openssl.h>
#include <irssi/src/core/network.h>
#include <irssi/src/core/servers.h>

gboolean irssi_ssl_init(void) { return FALSE; }

GIOChannel *net_start_ssl(SERVER_REC *server) {
	(void)server;
	g_warning("This client has no TLS");
	errno = EPROTONOSUPPORT;
	return NULL;
}

GIOChannel *net_connect_ip_ssl(IPADDR *ip, int port, IPADDR *my_ip, SERVER_REC *server) {
	(void)ip;
	(void)port;
	(void)my_ip;
	return net_start_ssl(server);
}

int irssi_ssl_handshake(GIOChannel *handle) {
	(void)handle;
	return -1;
}
