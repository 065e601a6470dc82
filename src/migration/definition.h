/* When two definitions say the same.
 *
 * A server writes an expression, view or function anew from its parsed form, and
 * that text is not always stable: it changes when it is parsed once more, and
 * between versions. Compared are therefore tokens, with the two known cases
 * levelled out:
 *
 * - (ARRAY['a'::character varying, …])::text[], as in the check of a varchar
 *   column with IN, becomes ARRAY[('a'::character varying)::text, …] when a dump
 *   is restored;
 * - ((a AND b) AND c), as of BETWEEN, becomes (a AND b AND c) likewise;
 * - from 16 on, a column of the only table in a query is written without that
 *   table's name. A qualifier that only the older side writes is passed over;
 *   where both write one, they must agree;
 * - which names are quoted depends on the version's keywords, and a few words for
 *   what is the default anyway come and go (NO INDENT, AS before an alias).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Token by token, spaces and line ends apart. The majors are those of the
 * servers that wrote @a and @b. */
gboolean pgm_definition_equal (const char *a, int a_major, const char *b, int b_major);

/* The tokens (char *, owned) of @text in their levelled form. Transfer full. */
GPtrArray *pgm_definition_tokens (const char *text);

/* What of a qualified and quoted name (of functions: with argument types) does not
 * depend on the version. Transfer full. */
char *pgm_definition_name_key (const char *name);

G_END_DECLS
