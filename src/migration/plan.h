/* The plan of the copy: which tables, in how many parts, by which COPY, and in
 * which order.
 *
 * A part is what one destination transaction takes over as a whole (A3), with
 * one exception in the good direction: many small tables, each of one part,
 * share a transaction (a batch), since a transaction each would cost more than
 * their rows. Batches are ordered largest first, so that the workers end
 * together.
 *
 * Tables are split by ranges of ctid where the server can scan those (14 and
 * later, heap only), below by ranges of an integer key; the last range is open,
 * since a table may have grown since it was measured.
 */
#pragma once

#include "model/report.h"
#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct
{
  PgmTable *table;   /* of the catalog; a partitioned one stands for its leaves */
  GPtrArray *leaves; /* PgmTable, then; else NULL. See routing.h */
  gint64 bytes;      /* of the table or of all leaves */
  guint progress;    /* handle of pgm_progress_add_table() */
  gboolean binary;
  char *columns;   /* quoted, comma-separated, without generated ones; "" for none */
  char *selected;  /* what is read into them, when that isn't the columns themselves; or NULL */
  char *condition; /* of an extension's configuration table, without WHERE; or NULL */
  gboolean whole;  /* not to be split */
  guint n_parts;
  gint parts_started; /* atomic */
  gint parts_left;    /* atomic */
} PgmPlanEntry;

typedef struct
{
  PgmPlanEntry *entry;
  PgmTable *table; /* that is read: the entry's, or one of its leaves */
  guint number;    /* from 1 */
  char *condition; /* NULL: the whole table */
  guint64 bytes;
} PgmPart;

typedef struct
{
  GPtrArray *parts; /* PgmPart, of the plan */
  guint64 bytes;
} PgmBatch;

typedef struct
{
  GPtrArray *entries; /* PgmPlanEntry, largest first */
  GPtrArray *parts;   /* PgmPart */
  GPtrArray *batches; /* PgmBatch, largest first; see pgm_plan_queue() */
  guint64 bytes;
} PgmPlan;

typedef struct
{
  guint workers;
  guint processors;     /* that both servers and we share; 0: they are on several machines */
  guint64 split_bytes;  /* 0: the plan decides */
  gboolean text_only;   /* the destination's tables are not of our making */
  gboolean in_recovery; /* a standby can't read unlogged tables */
} PgmPlanOptions;

/* @source: a session under the snapshot of @catalog; asked for ranges of keys.
 * @catalog must outlive the plan. */
PgmPlan *pgm_plan_new (PgmCatalog *catalog,
                       PgmConnection *source,
                       const PgmPlanOptions *options,
                       GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_plan_free (PgmPlan *self);

/* Is a table better copied by one worker, however large it is? Where there are
 * processors for one stream of rows only, several would take turns; and a table
 * that several transactions write can't be frozen (F33), so that the hint bits of
 * all rows are set while its indexes are built. */
gboolean pgm_plan_keeps_whole (const PgmPlanOptions *options, gboolean has_index);

/* (Re)makes the batches out of all parts of those entries that @takes (or all
 * when NULL) says have to be copied. */
typedef gboolean (*PgmPlanTakes) (const PgmPlanEntry *entry, gpointer user_data);
void pgm_plan_queue (PgmPlan *self, guint workers, PgmPlanTakes takes, gpointer user_data);

/* Adds one PgmPlanTable per entry to @report->plan. */
void pgm_plan_report (const PgmPlan *self, const PgmCatalog *catalog, PgmReport *report);

/* Bytes from which a table is split, and bytes wanted per part, for a database
 * of @total bytes: parts small enough that the workers end together. */
void pgm_plan_limits (const PgmPlanOptions *options,
                      guint64 total,
                      guint64 *split_from,
                      guint64 *part_bytes);

/* In how many parts a table of @bytes is cut: a multiple of @workers, so that a
 * table that makes up most of a database doesn't leave one of them idle. */
guint pgm_plan_count_parts (guint64 bytes, guint64 part_bytes, guint workers);

/* Conditions "(ctid >= '(a,0)' AND ctid < '(b,0)')" that cut @pages into
 * @n_parts; the last is open. NULL-terminated, transfer full. */
GStrv pgm_plan_cut_pages (gint64 pages, guint n_parts);

/* The same for integer values of @column (quoted) from @min to @max, both ends
 * open. */
GStrv pgm_plan_cut_keys (const char *column, gint64 min, gint64 max, guint n_parts);

/* "ONLY s.t", or "s.t" for a table that stands for its leaves. Transfer full. */
char *pgm_plan_entry_from (const PgmPlanEntry *entry);

/* The tables that hold the entry's rows, each in turn: 0 … until NULL. */
PgmTable *pgm_plan_entry_get_table (const PgmPlanEntry *entry, guint i);

/* The statements of a part. */
char *pgm_part_copy_to (const PgmPart *part);
char *pgm_part_copy_from (const PgmPart *part, gboolean freeze);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmPlan, pgm_plan_free)

G_END_DECLS
