/* Listening sockets: one a port, or one a port and thread. */
#include "impl/host/internal.h"
#include "impl/libix/internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BURST 64

static int fail(struct host *host, const char *key, const char *what, uint16_t port)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr in = {htonl(host->config.address)};

	host->error.key = key;
	snprintf(host->error.text, sizeof(host->error.text), "%s %s:%u: %s", what,
		 inet_ntop(AF_INET, &in, address, sizeof(address)), port, strerror(errno));
	return -1;
}

static int bind_to(struct host *host, struct host_listener *l, uint16_t port)
{
	struct sockaddr_in local = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host->config.address)};
	socklen_t size = sizeof(local);
	int one = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return fail(host, "port", "no socket for", port);
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (host->config.mode == HOST_PARTITIONED)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&local, sizeof(local)))
		return fail(host, errno == EADDRNOTAVAIL ? "address" : "port", "cannot listen on", port);
	if (listen(l->fd, SOMAXCONN) || getsockname(l->fd, (struct sockaddr *)&local, &size))
		return fail(host, "port", "cannot listen on", port);
	l->port = ntohs(local.sin_port);
	return 0;
}

/* The port that was opened for the application's @asked, by whichever thread; 0: none yet. */
static uint16_t port_of(const struct host *host, uint16_t asked)
{
	for (const struct host_listener *l = host->listeners; l; l = l->next)
		if (l->asked == asked)
			return l->port;
	return 0;
}

static int open_one(struct host_thread *thread, uint16_t asked)
{
	struct host *host = thread->host;
	uint16_t port = port_of(host, asked);
	struct host_listener *l;

	for (l = host->listeners; l; l = l->next)
		if (l->asked == asked && (host->config.mode == HOST_FLOATING || l->thread == thread))
			return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return fail(host, NULL, "no memory for", asked);
	l->asked = asked;
	l->thread = thread;
	if (bind_to(host, l, port ? port : asked ? asked : host->config.port) || host->poller->listen(thread, l)) {
		if (l->fd >= 0)
			close(l->fd);
		free(l);
		return -1;
	}
	if (!host->port)
		host->port = l->port;
	l->next = host->listeners;
	host->listeners = l;
	return 0;
}

int host_listeners_open(struct host_thread *thread)
{
	struct host *host = thread->host;
	const struct listener *head = thread->runtime->listeners, *l;
	int result = 0;

	if (head == thread->listeners_seen)
		return 0;
	thread->listeners_seen = head;
	pthread_mutex_lock(&host->listener_lock);
	for (l = head; l && !result; l = l->next)
		result = open_one(thread, l->port);
	pthread_mutex_unlock(&host->listener_lock);
	return result;
}

/* Without a descriptor a peer could only be left waiting, and the socket ready for ever: a spare one is for it. */
static int turn_away(struct host *host, const struct host_listener *l)
{
	int fd;

	pthread_mutex_lock(&host->listener_lock);
	if (host->spare_fd >= 0)
		close(host->spare_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	host->spare_fd = fcntl(host->stop_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&host->listener_lock);
	return fd >= 0;
}

void host_listener_ready(struct host_thread *thread, struct host_listener *l)
{
	for (int i = 0; i < ACCEPT_BURST && thread->event_count < HOST_POLLED_EVENTS; i++) {
		struct sockaddr_in peer = {0};
		socklen_t size = sizeof(peer);
		int fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
		struct host_connection *c;
		struct ix_event *event;

		if (fd < 0 && (errno == EMFILE || errno == ENFILE) && turn_away(thread->host, l))
			continue;
		if (fd < 0)
			return;
		c = host_connection_new(thread, fd, HOST_KNOCKING);
		if (!c) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		event = host_event(thread, IX_EVENT_KNOCK, c);
		event->ip = ntohl(peer.sin_addr.s_addr);
		event->port = ntohs(peer.sin_port);
		event->local_port = l->port;
	}
}

void host_listeners_close(struct host *host)
{
	struct host_listener *l;

	while ((l = host->listeners)) {
		host->listeners = l->next;
		close(l->fd);
		free(l);
	}
}
