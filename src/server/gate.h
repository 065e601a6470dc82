/* The door to the street: accepts connections at every entrance, looks who is there,
 * and hands on no more of them than there is room for. Not for other rooms. */
#pragma once

#include "server/peer.h"

G_BEGIN_DECLS

/* How many connections at a time. WebSockets have a room of their own: a dashboard
 * keeps one open for hours, and must not take the place of those who ask. */
#define PGM_GATE_CONNECTIONS 64
#define PGM_GATE_STRANGERS   8 /* of them: who hasn't shown credentials yet */
#define PGM_GATE_WEBSOCKETS  256

typedef struct
{
  guint connections;
  guint strangers;
  guint websockets;
} PgmGateLimits;

typedef struct _PgmGate PgmGate;

/* Called for every connection that is let in. */
typedef void (*PgmGateFunc) (PgmPeer *peer, gpointer user_data);

PgmGate *pgm_gate_new (const PgmGateLimits *limits,
                       GMainContext *context,
                       PgmGateFunc func,
                       gpointer user_data);

/* Accepts on @listener, which must not block. On a unix socket only our own user and
 * root are let in. @entrance outlives the gate; with @tls, TLS is spoken. */
void pgm_gate_listen (PgmGate *self,
                      GSocket *listener,
                      const PgmEntrance *entrance,
                      GTlsCertificate *tls);

/* Accepts no more; those that are in stay. */
void pgm_gate_shut (PgmGate *self);
/* Cuts those that are still in. */
void pgm_gate_free (PgmGate *self);

/* Those with a request that isn't answered whole yet. */
guint pgm_gate_count_busy (PgmGate *self);
gboolean pgm_gate_has_room_for_websocket (PgmGate *self);

G_END_DECLS
