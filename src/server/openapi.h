/* The description of the API (OpenAPI 3.1), made from the table of routes and the types
 * of the records. Not for other rooms. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON; the same text every time. Transfer full. */
char *pgm_openapi_write (void);

G_END_DECLS
