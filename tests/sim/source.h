/* The source: a slot and the walsender of a session, which sends real pgoutput. */
#pragma once

#include "history.h"
#include "migration/receiver-private.h"

G_BEGIN_DECLS

typedef struct
{
  const History *history;
  guint n_visible;       /* transactions of the history that have come to pass */
  PgmLsn confirmed;      /* by us, to the slot */
  PgmLsn saved;          /* the same, as it will be after a crash of the source */
  const PgmLsn *durable; /* what the destination has durably: no more may be confirmed */
} Source;

typedef struct _Walsender Walsender;

/* @alive: FALSE once the connection is gone. Sends what commits at or beyond both
 * @start and the slot's position, some of it before its commit. */
Walsender *walsender_new (Source *source, PgmLsn start, const gboolean *alive);
void walsender_free (Walsender *self);

PgmReceiverSource walsender_get_source (Walsender *self);

/* Ends the stream when all is sent, as a server does that shuts down. */
void walsender_shut_down (Walsender *self);

void source_crash (Source *self);

G_END_DECLS
