/* The sample's customers: a few sessions that place orders all the time, as an
 * application would, so that a migration has something live to move.
 *
 * They log in as the shop's own role, not as superuser. When the server they write
 * to shuts them out they ask their directory which one takes orders now; here that
 * directory is what the migration itself has written down on the destination, in a
 * real house it is a pooler's or a service's configuration. */
#pragma once

#include "core/error.h"
#include "model/sample.h"

G_BEGIN_DECLS

typedef struct _PgmWriters PgmWriters;

/* The role that they log in as; shop.sql grants it what it needs. */
#define PGM_DEMO_APPLICATION_ROLE "shop_app"

/* Starts @count threads, at most 16. */
PgmWriters *
pgm_writers_start (const PgmSample *sample, guint count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What they have done so far. Any thread; transfer full. */
PgmSampleActivity *pgm_writers_look (PgmWriters *self);

/* Ends them after their present transaction, and says what they did. */
PgmSampleActivity *pgm_writers_stop (PgmWriters *self);

/* Stops them when they still run. */
void pgm_writers_free (PgmWriters *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmWriters, pgm_writers_free)

G_END_DECLS
