/* JSON Schema (2020-12) of record types, as OpenAPI 3.1 takes it. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

/* "JobSummary" of type "job summary". Transfer full. */
char *pgm_schema_get_name (const PgmRecordType *type);

/* Adds @type and all that it refers to to @types (of const PgmRecordType *, each once). */
void pgm_schema_collect (const PgmRecordType *type, GPtrArray *types);

/* Appends the schema of @type; other types are referred to as
 * "#/components/schemas/<name>". */
void pgm_schema_append (GString *text, const PgmRecordType *type);
/* Of one field. */
void pgm_schema_append_field (GString *text, const PgmField *field);

G_END_DECLS
