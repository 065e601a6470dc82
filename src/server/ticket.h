/* Tickets: what a page in a browser opens a WebSocket with, since it can set no header
 * there and a token doesn't belong in a URL. Each is good once, for half a minute. The
 * server's thread. Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define PGM_TICKET_SECONDS 30
/* Subprotocols: what is spoken here, and what a ticket looks like among those that a
 * client offers. */
#define PGM_WEBSOCKET_PROTOCOL "pgmanager"
#define PGM_TICKET_PREFIX      "ticket."

typedef struct _PgmTickets PgmTickets;

PgmTickets *pgm_tickets_new (void);
void pgm_tickets_free (PgmTickets *self);

/* A new one, with its prefix. Owned by the box until it is taken or too old; of very
 * many the oldest goes. */
const char *pgm_tickets_issue (PgmTickets *self, gint64 now);

/* TRUE when @offered, with its prefix, is one that is good at @now (monotonic); it no
 * longer is from then on. */
gboolean pgm_tickets_take (PgmTickets *self, const char *offered, gint64 now);

G_END_DECLS
