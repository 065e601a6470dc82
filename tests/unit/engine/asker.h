/* Asking an engine in one line, for tests: a local engine on a state directory of its
 * own, with its own clusters file and no keyring. */
#pragma once

#include "engine/local-engine.h"

G_BEGIN_DECLS

typedef struct
{
  char *directory;
  PgmStore *store;
  PgmEngine *engine;
} PgmAsker;

void pgm_asker_init (PgmAsker *self);
void pgm_asker_clear (PgmAsker *self);

/* Takes @request. The answer is transfer full; waits for it. */
gpointer
pgm_asker_ask (PgmAsker *self, PgmAsk ask, const char *id, gpointer request, GError **error);

/* The same where failing is a defect. */
gpointer pgm_asker_must (PgmAsker *self, PgmAsk ask, const char *id, gpointer request);

/* Registers a cluster with one node for each URI, the first as primary; NULL-terminated. */
void pgm_asker_register (PgmAsker *self, const char *id, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
