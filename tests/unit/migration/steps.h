/* The steps of a clone, one at a time and on real servers: what clone.c does
 * around them, in the few lines that a test of one step needs. */
#pragma once

#include "fixture/cluster.h"
#include "migration/context.h"

G_BEGIN_DECLS

typedef struct
{
  PgmCloneContext ctx;
  PgmJobSpec *spec;
  PgmConnection *keeper; /* holds the snapshot */
  PgmConnection *source; /* under no snapshot */
  PgmConnection *destination;
} PgmSteps;

/* $PGM_TEST_MAJOR, or 0: the newest that is installed. */
int pgm_steps_major (void);

/* @include: comma-separated patterns, or NULL. Aborts on failure. */
PgmSteps *pgm_steps_new (PgmTestCluster *source,
                         const char *source_database,
                         PgmTestCluster *destination,
                         const char *destination_database,
                         const char *include);
/* The same with another user than the superuser at one end. */
PgmSteps *pgm_steps_new_as (PgmTestCluster *source,
                            const char *source_database,
                            const char *source_user,
                            PgmTestCluster *destination,
                            const char *destination_database,
                            const char *include);
PgmSteps *pgm_steps_new_to (PgmTestCluster *source,
                            const char *source_database,
                            PgmTestCluster *destination,
                            const char *destination_database,
                            const char *destination_user);
void pgm_steps_free (PgmSteps *self);

/* Each aborts the test when the step itself fails. */
void pgm_steps_restore_schema (PgmSteps *self);
void pgm_steps_copy_rows (PgmSteps *self);
void pgm_steps_build_indexes (PgmSteps *self);
/* The ledger that large objects are noted in. */
void pgm_steps_make_ledger (PgmSteps *self);
void pgm_steps_run_rest (PgmSteps *self);
void pgm_steps_run_all (PgmSteps *self);

/* The problem of @object (a part of its name), or NULL. */
const PgmProblem *pgm_steps_find_problem (PgmSteps *self, const char *object);
/* Aborts with what there is when there are other problems than @n. */
void pgm_steps_assert_problems (PgmSteps *self, guint n);

/* pg_dump --schema-only of @database, without what differs between two dumps. */
char *pgm_steps_dump (PgmTestCluster *cluster, const char *database);
/* Aborts with the first lines that differ. */
void pgm_steps_assert_same (const char *one, const char *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSteps, pgm_steps_free)

G_END_DECLS
