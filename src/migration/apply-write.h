/* Sends the steps of a fold to one session: values become parameters as the
 * stream has brought them, without being read. */
#pragma once

#include "migration/apply-table.h"

G_BEGIN_DECLS

typedef struct _PgmApplyWriter PgmApplyWriter;

/* All borrowed. Every table of a step is a PgmApplyTable. */
PgmApplyWriter *
pgm_apply_writer_new (PgmConnection *connection, PgmPipeline *pipeline, GCancellable *cancellable);
void pgm_apply_writer_free (PgmApplyWriter *self);

/* What fails may be told by this call, by a later one or by the end of the
 * pipeline's segment. The tag of a row's statement is its PgmFoldChange. */
gboolean pgm_apply_writer_write (PgmApplyWriter *self,
                                 const PgmFoldStep *step,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs of inserts from this length on go by COPY; for tests. 0: the default. */
void pgm_apply_writer_set_copy_rows (PgmApplyWriter *self, guint rows);

/* The values of a row's key, for messages: "(id)=(5)". @row: whole rows, not only
 * their keys. Transfer full. */
char *pgm_apply_key_text (const PgmApplyTable *table, const PgmTuple *tuple);
char *pgm_apply_row_text (const PgmApplyTable *table, const PgmTuple *tuple);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmApplyWriter, pgm_apply_writer_free)

G_END_DECLS
