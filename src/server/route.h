/* The table of routes: what the server can be asked, and the only way in. Static
 * and readable by programs, so that a description (OpenAPI) can be made from it.
 * Not for other rooms. */
#pragma once

#include "model/question.h"
#include "server/http-head.h"

G_BEGIN_DECLS

typedef struct _PgmCall PgmCall;

/* What all but a few places are below. */
#define PGM_API "/api/v1"

#define PGM_MEDIA_JSON "application/json"
#define PGM_MEDIA_TEXT "text/plain; charset=utf-8"

typedef enum
{
  PGM_ROUTE_QUICK = 1 << 0,     /* answered in the server's thread from what it has */
  PGM_ROUTE_MANY = 1 << 1,      /* the answer is an array of @response */
  PGM_ROUTE_WEBSOCKET = 1 << 2, /* an upgrade */
  PGM_ROUTE_OPEN = 1 << 3,      /* needs no credentials, gives no detail */
} PgmRouteFlags;

typedef struct
{
  const char *method;
  const char *path; /* "{id}" stands for one segment */
  void (*run) (PgmCall *call);
  PgmRouteFlags flags;
  const PgmRecordType *request;  /* of the body, or of the query string of a GET or DELETE;
                                  * NULL: there is none */
  const PgmRecordType *response; /* NULL: a text, or nothing with status 204 */
  guint status;                  /* when all is well */
  const char *engine_call;       /* the method of PgmEngine behind it, or NULL */
  const char *summary;
  PgmAsk ask;        /* of "ask": which question */
  const char *media; /* of a text, when it is no plain one */
} PgmRoute;

/* The type of its answer, as Content-Type says it. */
const char *pgm_route_get_media (const PgmRoute *route);

/* Does its request come as parameters in the URL? */
gboolean pgm_route_takes_query (const PgmRoute *route);

/* All of them, ending with a NULL method. */
const PgmRoute *pgm_routes_get (void);

/* The route that @head asks for, and what stood for "{id}" (transfer full, or
 * NULL). NULL with @refusal set: 404 or 405. */
const PgmRoute *pgm_route_find (const PgmHttpHead *head, char **id, PgmRefusal *refusal);

G_END_DECLS
