/* Many prepared statements in one round trip: libpq's pipeline mode, for one
 * session.
 *
 * A segment begins with the first statement and ends with pgm_pipeline_sync();
 * between segments the connection is an ordinary one (queries, COPY). Statements
 * are prepared on their first use, in the same segment. What the socket doesn't
 * take is waited for while results are read, so two full buffers can't stop each
 * other, and results are looked at as they come, so memory doesn't grow with the
 * number of statements.
 *
 * Every statement says how many rows it must touch. The first that fails or
 * touches another number ends the segment's luck: what was not sent yet isn't
 * sent, and sync says which it was. A statement that touched another number
 * doesn't stop the server from running those behind it: the caller has a
 * transaction open and rolls it back.
 *
 * A session that is cancelled inside of a segment is lost.
 */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

typedef struct _PgmPipeline PgmPipeline;
typedef struct _PgmPrepared PgmPrepared;

/* A statement's text and its parameters' types (0: the server decides). Prepared
 * in a session when it is first used there; of one pipeline only. */
PgmPrepared *pgm_prepared_new (const char *sql, guint n_params, const guint32 *types);
void pgm_prepared_free (PgmPrepared *self); /* not inside of a segment that uses it */
const char *pgm_prepared_get_sql (const PgmPrepared *self);
guint pgm_prepared_get_n_params (const PgmPrepared *self);
guint32 pgm_prepared_get_type (const PgmPrepared *self, guint param);

typedef struct
{
  const char *data; /* NULL: SQL NULL; text ends with NUL */
  gsize size;       /* of binary data */
  gboolean binary;
} PgmParam;

/* The most that the parameters of a statement may weigh together. */
#define PGM_PARAM_MAX ((gsize) 0x3ffffff0)

/* Both borrowed, and must outlive the pipeline. */
PgmPipeline *pgm_pipeline_new (PgmConnection *connection, GCancellable *cancellable);
void pgm_pipeline_free (PgmPipeline *self);

/* As many @params as the statement has; they may be freed on return. @expected:
 * rows that it must touch, -1 for any number. @tag: the caller's name for it.
 * FALSE only when the session is lost or cancelled. */
gboolean pgm_pipeline_execute (PgmPipeline *self,
                               PgmPrepared *prepared,
                               const PgmParam *params,
                               gint64 expected,
                               gconstpointer tag,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The SQLSTATE of a statement that touched another number of rows ("no data"). */
#define PGM_PIPELINE_MISCOUNT "02000"

/* Ends the segment: all results are in. PGM_ERROR_SQL of the first statement that
 * failed, PGM_ERROR_FAILED with PGM_PIPELINE_MISCOUNT of one that touched another
 * number of rows. */
gboolean pgm_pipeline_sync (PgmPipeline *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After a sync that failed: the first statement's tag, and how many rows it
 * touched (-1: it raised an error). */
typedef struct
{
  gconstpointer tag;
  gint64 expected;
  gint64 affected;
} PgmPipelineFailure;

const PgmPipelineFailure *pgm_pipeline_get_failure (PgmPipeline *self);

/* How many statements are prepared in the session now, and away with them all:
 * each holds a plan in the server's memory. Between segments. */
guint pgm_pipeline_get_n_prepared (PgmPipeline *self);
gboolean pgm_pipeline_forget (PgmPipeline *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmPipeline, pgm_pipeline_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmPrepared, pgm_prepared_free)

G_END_DECLS
