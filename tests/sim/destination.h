/* The destination: tables and an origin's progress, committed together, durable
 * only when flushed; and the applier's target that writes to it. */
#pragma once

#include "history.h"
#include "migration/apply-target.h"

G_BEGIN_DECLS

typedef struct
{
  PgmLsn progress;
  State *state;
} Committed;

typedef struct
{
  const History *history;
  GArray *commits;  /* Committed, oldest first; those before the durable one are forgotten */
  guint n_durable;  /* of them, from the first on */
  PgmLsn durable;   /* the progress of the last of these */
  Committed zombie; /* a COMMIT of a backend that was left behind; state NULL: none */
  guint faults;     /* how many may still come */
  guint crashes;
} Destination;

void destination_init (Destination *self, const History *history, guint faults);
void destination_clear (Destination *self);

/* The newest, seen by everybody. */
const Committed *destination_get (const Destination *self);

/* The origin's progress, made durable before it is told. */
PgmLsn destination_read_progress (Destination *self);

/* What was left behind comes to its end, one way or the other. */
void destination_settle (Destination *self);

/* @alive: set to FALSE when the connection goes. */
PgmApplyTarget *destination_connect (Destination *self, gboolean *alive);

G_END_DECLS
