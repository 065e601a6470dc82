/* A table of the destination as the applier sees it: which of its columns takes
 * which of the stream's (by name, F14), what the values are cast to, what a row
 * is found by, and what forbids to change rows in sets.
 *
 * Read from the catalogs when a relation is first met. What doesn't fit (a table
 * or column that isn't there, a type that would change values without a word, no
 * index to find rows by) is PGM_ERROR_REFUSED and shows both schemas: somebody
 * has changed one side only (F48).
 */
#pragma once

#include "migration/fold.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"

G_BEGIN_DECLS

/* How a value comes into a set of rows, where it is an element of an array. */
typedef enum
{
  PGM_APPLY_CAST,  /* text[], cast to the type without its modifier */
  PGM_APPLY_INPUT, /* an array of the type itself: its input function reads the value */
} PgmApplyWay;

/* One of the stream's columns. */
typedef struct
{
  gboolean skipped; /* generated on the destination: not written */
  char *name;       /* quoted */
  guint32 type_oid; /* of the domain's base type, where it is one */
  char *type;       /* its name, without a modifier: SQL that can be cast to */
  char *exact_type; /* the column's own, without a modifier */
  PgmApplyWay way;
  guint32 array_oid; /* of arrays of the type; 0: it has none */
  char delimiter;    /* between elements of such an array */
  gboolean always;   /* GENERATED ALWAYS AS IDENTITY: can't be set by UPDATE */
  gboolean key;      /* of what a row is found by */
  char *operator;    /* of the key's index: "OPERATOR(pg_catalog.=)" */
  char *collation;   /* " COLLATE …" where the index has another than the column, or "" */
} PgmApplyColumn;

typedef struct
{
  PgmFoldTable fold;
  PgmRelation *relation; /* referenced */
  guint n_columns;       /* as many as the relation has */
  PgmApplyColumn *columns;
  char *target;           /* quoted; the partition tree's root where rows go through it */
  char *only;             /* "ONLY " or "" */
  gboolean partitioned;   /* a row is found by (tableoid, ctid) */
  gboolean full;          /* no key: a row is found by all its columns */
  gboolean has_always;    /* a column outside of the key is GENERATED ALWAYS AS IDENTITY */
  char *others;           /* the destination's own columns, ", a, b", or "" */
  gboolean copy;          /* long runs of inserts may go by COPY */
  PgmApplyColumn *finder; /* of full: an indexed column that narrows the search, or NULL */
  char *schemas;          /* both, for people */
  GArray *statements;     /* PgmApplyStatement, made when first needed */
} PgmApplyTable;

/* @index: for its PgmFoldTable. @roots: of pgm_routing_read(). */
PgmApplyTable *pgm_apply_table_read (PgmConnection *connection,
                                     PgmRelation *relation,
                                     GHashTable *roots,
                                     guint index,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_apply_table_free (PgmApplyTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmApplyTable, pgm_apply_table_free)

G_END_DECLS
