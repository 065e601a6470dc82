/* What a following job must not forget, kept in the schema "pgmanager" of the
 * destination and written in the transactions it speaks of: the names of what
 * is ours on either side, where it began, and what the cutover has reached. So a
 * start from any host finds the truth where the rows are. Dropped by cleanup. */
#pragma once

#include "core/lsn.h"
#include "migration/ledger.h"

G_BEGIN_DECLS

/* How far the cutover has come. Each edge is written before the step that it
 * announces, so that after a crash it is known what may have to be undone. */
typedef enum
{
  PGM_CUTOVER_NONE,    /* following */
  PGM_CUTOVER_FENCED,  /* the source's fence may be up: take it down, follow on */
  PGM_CUTOVER_DECIDED, /* past the point of no return: writes belong to the destination */
  PGM_CUTOVER_DONE,    /* the way back runs, if there is one */
} PgmCutoverStage;

typedef struct
{
  char *job_id;
  char *slot;        /* on the source */
  char *publication; /* on the source */
  char *origin;      /* on the destination; NULL: a progress row instead */
  guint64 source_system_identifier;
  guint32 source_timeline;
  char *source_database;
  guint64 destination_system_identifier; /* the same once a way back is followed, else 0 */
  guint32 destination_timeline;
  PgmLsn consistent_point; /* the slot's; the rows are of this moment */
  gboolean copied;         /* all rows are there: changes may be applied */
  gboolean slot_is_ours;   /* made by us, and dropped by us */
  gboolean publication_is_ours;
  int cutover;        /* PgmCutoverStage */
  char *fence;        /* JSON of what the fence changed, enough to undo it; or NULL */
  char *reverse_slot; /* on the destination, and so on; NULL: no way back */
  char *reverse_publication;
  char *reverse_origin;     /* on the source */
  PgmLsn reverse_start;     /* of the destination's WAL */
  GHashTable *copied_until; /* quoted "schema"."table" -> PgmLsn *: tables copied later (A4) */
} PgmFollowState;

/* NULL in @state when the destination has none. */
gboolean pgm_follow_state_read (PgmConnection *destination,
                                PgmFollowState **state,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes all of it, in the caller's transaction or one of its own; makes schema
 * and table when they are not there yet. */
gboolean pgm_follow_state_write (PgmConnection *destination,
                                 const PgmFollowState *state,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* With the schema, when nothing else is in it. */
gboolean pgm_follow_state_drop (PgmConnection *destination,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

PgmFollowState *pgm_follow_state_new (void);
void pgm_follow_state_free (PgmFollowState *self);

/* @table: as pgm_quote_qualified() writes it. */
void pgm_follow_state_set_copied_until (PgmFollowState *self, const char *table, PgmLsn lsn);

/* The greatest of them, 0 when there is none: from there on all tables are of one
 * moment, and foreign keys hold (A4). */
PgmLsn pgm_follow_state_get_last_copy (const PgmFollowState *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmFollowState, pgm_follow_state_free)

G_END_DECLS
