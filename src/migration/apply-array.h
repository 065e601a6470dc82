/* Parameters made of the stream's values: arrays of one column's values, and
 * lines of COPY. Values travel as bytes; nothing here knows what they mean. */
#pragma once

#include "migration/apply-table.h"

G_BEGIN_DECLS

/* The most bytes that @value can take as an element of @column's array. */
gsize pgm_apply_array_reserve (const PgmApplyColumn *column, const PgmValue *value);

/* The same of everything around the elements. */
#define PGM_APPLY_ARRAY_OVERHEAD 32u

typedef struct
{
  const PgmApplyColumn *column;
  char *start;
  char *at;
  gboolean has_null;
} PgmApplyArray;

/* Begins an array at @memory, where there is room for all of it. */
void pgm_apply_array_begin (PgmApplyArray *self, const PgmApplyColumn *column, char *memory);
void pgm_apply_array_add (PgmApplyArray *self, const PgmValue *value);
/* @n: elements that were added. What is in the memory is the parameter from then on. */
PgmParam pgm_apply_array_end (PgmApplyArray *self, guint n);

/* One row of COPY's text format. */
void pgm_apply_copy_add (GByteArray *lines, const PgmApplyTable *table, const PgmTuple *row);

G_END_DECLS
