/* One connection, as a stream that libsoup reads and writes: the guard sits in it.
 *
 * On the way in, the head of the request is gathered and judged; libsoup gets the
 * head that we write in its place, then exactly as many bytes of body as were
 * announced, and the next head when it has answered. A request that is refused is
 * answered from here, and libsoup only sees a connection that ended. After an
 * upgrade bytes pass as they are. Below it is the socket, or TLS on it: the guard reads
 * what comes out of that.
 *
 * On the way out it counts, which is how the hub knows that a listener has taken
 * its last message: libsoup's WebSocket queues without bound and says nothing.
 *
 * libsoup 3.2 has no time limits: pgm_peer_check() is called every second and cuts
 * who takes too long. One thread. Not for other rooms.
 */
#pragma once

#include <gio/gio.h>

#include "server/guard.h"

G_BEGIN_DECLS

#define PGM_TYPE_PEER (pgm_peer_get_type ())
G_DECLARE_FINAL_TYPE (PgmPeer, pgm_peer, PGM, PEER, GIOStream)

/* Called once, when the stream is closed. */
typedef void (*PgmPeerFunc) (PgmPeer *self, gpointer user_data);

/* @tls: NULL where none is spoken. @entrance outlives it. */
PgmPeer *pgm_peer_new (const PgmEntrance *entrance,
                       GSocketConnection *connection,
                       GTlsCertificate *tls,
                       PgmPeerFunc closed,
                       gpointer user_data,
                       GError **error);

/* Sends it away before it has said anything; still to be handed to libsoup, which
 * reads the end. */
void pgm_peer_refuse (PgmPeer *self, guint status, const char *reason);
gboolean pgm_peer_is_refused (PgmPeer *self);

/* Has shown good credentials, or came through an entrance that needs none. */
gboolean pgm_peer_is_identified (PgmPeer *self);
/* Has been upgraded. */
gboolean pgm_peer_is_websocket (PgmPeer *self);
/* Between two requests; since when it is silent in *@since (monotonic) unless NULL. */
gboolean pgm_peer_is_idle (PgmPeer *self, gint64 *since);
gint64 pgm_peer_get_began (PgmPeer *self);

/* The last request that was let in; NULL before. Owned by the peer. */
const PgmPass *pgm_peer_get_pass (PgmPeer *self);

/* Bytes that the kernel has taken so far. */
guint64 pgm_peer_get_written (PgmPeer *self);

/* Has a request that isn't answered whole yet. */
gboolean pgm_peer_is_busy (PgmPeer *self);

/* Cuts the connection when a limit of time has passed at @now (monotonic). */
void pgm_peer_check (PgmPeer *self, gint64 now);
void pgm_peer_cut (PgmPeer *self);

G_END_DECLS
