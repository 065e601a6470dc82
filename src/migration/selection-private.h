/* Private to the selection: what it knows while it is made (selection-facts.c),
 * and what a filter leaves of the table of contents (selection-filter.c). */
#pragma once

#include "migration/selection.h"

G_BEGIN_DECLS

/* What the selection needs to know while it is made. */
typedef struct
{
  PgmCloneContext *ctx;
  PgmToc *toc;
  GHashTable *schemas;            /* source: OID -> name */
  GHashTable *dropped;            /* source: OIDs of relations that the filter leaves out */
  GHashTable *kept;               /* source: OIDs of relations that it takes */
  GHashTable *partitions;         /* source: OIDs of partitions */
  GHashTable *gone;               /* source: "catalog/oid" of what needs a table that was not
                                   * even dumped; NULL: there is none */
  GHashTable *constraint_indexes; /* source: OID of constraint -> OID of its index */
  GHashTable *own_indexes;        /* OIDs of what we make ourselves: two sets, since an */
  GHashTable *own_keys;           /* OID is unique only within its catalog */
  GHashTable *destination_schemas;
  GHashTable *destination_extensions;
  GHashTable *destination_objects; /* on --resume: identities of what is there */
  GHashTable *identities;          /* on --resume: "catalog/oid" -> identity on the source */
} PgmSelectionFacts;

/* Reads both catalogs; @self has ctx and toc. @source is under ctx->snapshot. */
gboolean pgm_selection_facts_read (PgmSelectionFacts *self,
                                   PgmConnection *source,
                                   PgmConnection *destination,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_selection_facts_clear (PgmSelectionFacts *self);

/* The first column of @sql as a set of strings. Transfer full. */
GHashTable *pgm_selection_read_names (PgmConnection *connection,
                                      const char *sql,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "catalog/oid". Transfer full. */
char *pgm_selection_object_key (guint32 catalog, guint32 oid);

/* Clears taken of every entry that an active filter leaves out. */
void pgm_selection_filter (PgmSelectionFacts *self);

static inline gboolean
pgm_oid_set_has (GHashTable *set, guint32 oid)
{
  return g_hash_table_contains (set, GUINT_TO_POINTER (oid));
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmSelectionFacts, pgm_selection_facts_clear)

G_END_DECLS
