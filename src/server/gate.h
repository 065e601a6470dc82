/* The door to the street: accepts connections, looks who is there, and hands on no
 * more of them than there is room for. Not for other rooms. */
#pragma once

#include "server/peer.h"

G_BEGIN_DECLS

/* As many connections at a time. */
#define PGM_GATE_ROOM 64

typedef struct _PgmGate PgmGate;

/* Called for every connection that is let in. */
typedef void (*PgmGateFunc) (PgmPeer *peer, gpointer user_data);

/* Accepts on @listener, which must not block, in @context. On a unix socket only
 * our own user and root are let in. */
PgmGate *
pgm_gate_new (GSocket *listener, GMainContext *context, PgmGateFunc func, gpointer user_data);

/* Accepts no more; those that are in stay. */
void pgm_gate_shut (PgmGate *self);
/* Cuts those that are still in. */
void pgm_gate_free (PgmGate *self);

/* Those with a request that isn't answered whole yet. */
guint pgm_gate_count_busy (PgmGate *self);

G_END_DECLS
