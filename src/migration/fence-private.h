/* The kinds of fences, for fence.c. */
#pragma once

#include "migration/fence.h"

G_BEGIN_DECLS

/* What a fence of any kind has to know of the database and of us. */
typedef struct
{
  char *database;
  char *owner;
  char *role; /* current_user */
  gboolean superuser;
  gboolean owns; /* has the owner's rights */
} PgmFenceFacts;

gboolean pgm_fence_facts_read (PgmFenceFacts *self,
                               PgmConnection *connection,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_fence_facts_clear (PgmFenceFacts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmFenceFacts, pgm_fence_facts_clear)

/* Adds one; strings are copied, @note may be NULL. */
void
pgm_fence_miss (GPtrArray *missing, const char *subject, const char *fix_sql, const char *note);

/* fence-revoke.c */
gboolean pgm_fence_revoke_plan (PgmFenceRecord *self,
                                PgmEnds *ends,
                                const PgmFenceFacts *facts,
                                PgmConnection *connection,
                                GPtrArray *missing,
                                GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *pgm_fence_revoke_raise_sql (const PgmFenceRecord *self);
char *pgm_fence_revoke_lower_sql (const PgmFenceRecord *self);
/* Is CONNECT granted to exactly those of the record, and does everybody log in? */
gboolean pgm_fence_revoke_is_down (const PgmFenceRecord *self,
                                   PgmConnection *connection,
                                   gboolean *down,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* fence-pgbouncer.c */
gboolean pgm_fence_pgbouncer_plan (PgmFenceRecord *self,
                                   PgmEnds *ends,
                                   const PgmSwitchoverOptions *options,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_fence_pgbouncer_raise (const PgmFenceRecord *self,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_fence_pgbouncer_lower (const PgmFenceRecord *self,
                                    GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* fence-sessions.c: needed to end the sessions that are there now. */
gboolean pgm_fence_sessions_check (PgmEnds *ends,
                                   const PgmFenceFacts *facts,
                                   PgmConnection *connection,
                                   GPtrArray *missing,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* SQL of a condition on pg_stat_activity a: a client's session in this database that
 * isn't ours. Transfer full. */
char *pgm_fence_sessions_condition (PgmEnds *ends);

G_END_DECLS
