/* Identifiers and literals in SQL text. The rules are PostgreSQL's own and need
 * no connection: identifiers are always quoted, literals use E'' only when they
 * hold a backslash (standard_conforming_strings may be off on the server). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *pgm_quote_identifier (const char *name);                    /* transfer full */
char *pgm_quote_qualified (const char *schema, const char *name); /* "s"."t" */
char *pgm_quote_literal (const char *text); /* NULL gives NULL (the keyword) */
void pgm_quote_append_identifier (GString *sql, const char *name);
void pgm_quote_append_qualified (GString *sql, const char *schema, const char *name);
void pgm_quote_append_literal (GString *sql, const char *text);

G_END_DECLS
