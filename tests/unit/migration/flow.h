/* A source and a destination database with the same tables, and what the source's
 * slot has to say put through an applier: real changes of a real server, without
 * a receiver. Everything that is asked of the servers is asked with psql. */
#pragma once

#include "fixture/cluster.h"
#include "migration/apply.h"

G_BEGIN_DECLS

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
  char *database;
  char *destination_user; /* NULL: the superuser */
  char *source_uri;       /* of a child, which has no clusters; else NULL */
  char *destination_uri;
  PgmEnds *ends;
  PgmApplierOptions options; /* ends and changes are set by pgm_flow_apply() */
  gsize batch_bytes;         /* of what one batch of changes holds; 0: 64 KiB */
  PgmApplierStats stats;     /* of the last run */
} PgmFlow;

/* Makes @database on both with @schema in it; a publication of all tables
 * (@publication: further words of CREATE PUBLICATION, or NULL), a slot, an origin.
 * The clusters are borrowed. */
PgmFlow *pgm_flow_new (PgmTestCluster *source,
                       PgmTestCluster *destination,
                       const char *database,
                       const char *schema,
                       const char *publication);
void pgm_flow_free (PgmFlow *self);

/* Sets @ends, as pgm_flow_apply() does when it is the first. */
void pgm_flow_open (PgmFlow *self);

/* What a process does that is to crash: applies what the slot of another process's
 * flow has. @arguments: URIs of source and destination, database, the most changes of a
 * fold, bytes of a batch. Returns an exit status. */
int pgm_flow_apply_as_child (char **arguments);

/* psql on either side. */
void pgm_flow_source (PgmFlow *self, const char *sql);
void pgm_flow_destination (PgmFlow *self, const char *sql);
char *pgm_flow_ask (PgmFlow *self, const char *sql); /* the destination; transfer full */

/* Everything in the slot, from its beginning, as batches. */
GPtrArray *pgm_flow_read (PgmFlow *self);

/* Puts all of it through a new applier, which starts from the origin's progress. */
gboolean pgm_flow_apply (PgmFlow *self, GError **error);
/* The same of @batches, which are taken. */
gboolean pgm_flow_apply_batches (PgmFlow *self, GPtrArray *batches, GError **error);
/* The same where an error is a failure of the test. */
void pgm_flow_run (PgmFlow *self);

/* Aborts unless every table of the source has the same rows on both sides. */
void pgm_flow_assert_equal (PgmFlow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFlow, pgm_flow_free)

G_END_DECLS
