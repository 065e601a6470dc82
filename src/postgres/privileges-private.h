/* What the two halves of the privilege checks share; nobody else includes this. */
#pragma once

#include "postgres/privileges.h"

G_BEGIN_DECLS

GPtrArray *pgm_missing_privileges_new (void);

/* Takes @subject and @fix_sql; copies @note. */
void
pgm_missing_privileges_take (GPtrArray *missing, char *subject, char *fix_sql, const char *note);

G_END_DECLS
