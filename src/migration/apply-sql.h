/* The statements that change rows of a destination table. Only text is made here;
 * apply-write.c sends it.
 *
 * Sets: one parameter per column, an array; the rows are its elements. Rows: one
 * parameter per column, read by the column type's own input function. In both, the
 * parameters are those of the old key first, then those of the new values, as the
 * arrays of column numbers say.
 */
#pragma once

#include "migration/apply-table.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_APPLY_SET_INSERT,
  PGM_APPLY_SET_UPDATE,
  PGM_APPLY_SET_DELETE,
  PGM_APPLY_ROW_INSERT,
  PGM_APPLY_ROW_UPDATE,
  PGM_APPLY_ROW_REKEY, /* an update that changes the key */
  PGM_APPLY_ROW_MOVE,  /* an update as delete and insert: of what UPDATE can't set */
  PGM_APPLY_ROW_DELETE,
} PgmApplyStatementKind;

typedef struct
{
  PgmApplyStatementKind kind;
  guint8 *unchanged;     /* columns that keep their values, as in PgmFoldSet; owned */
  gboolean finder;       /* of full tables: the finder's column is not NULL */
  GArray *old_columns;   /* guint: the parameters from the old row or key */
  GArray *new_columns;   /* guint: then those from the new row */
  PgmPrepared *prepared; /* NULL: there is nothing to do */
} PgmApplyStatement;

/* @unchanged: may be NULL; copied. */
void pgm_apply_statement_init (PgmApplyStatement *self,
                               const PgmApplyTable *table,
                               PgmApplyStatementKind kind,
                               const guint8 *unchanged,
                               gboolean finder);
void pgm_apply_statement_clear (PgmApplyStatement *self);

/* "COPY … FROM STDIN" for all columns that are written. Transfer full. */
char *pgm_apply_sql_copy (const PgmApplyTable *table);

/* SELECT of the row's text, by the same parameters as the key's part of a row's
 * statement: for messages. Transfer full. */
char *pgm_apply_sql_find (const PgmApplyTable *table);

G_END_DECLS
