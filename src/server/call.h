/* One request on its way through the house: let in by the guard, read whole, run by
 * its route, answered once. Handlers run in the engine's context unless their route
 * is quick; an answer may be given from any thread and is written in the server's.
 * Not for other rooms. */
#pragma once

#include <libsoup/soup.h>

#include "engine/engine.h"
#include "server/hub.h"
#include "server/peer.h"

G_BEGIN_DECLS

/* What calls share with the server; outlives it while calls are under way. */
typedef struct
{
  gatomicrefcount ref_count;
  PgmEngine *engine;
  GMainContext *engine_context;
  GMainContext *context; /* the server's */
  PgmHub *hub;
  PgmTickets *tickets; /* of the entrances; the server's thread */
  int ready;           /* atomic: it knows what ran before it began */
  GMutex lock;
  gboolean ended;   /* no more sources into @context */
  GPtrArray *calls; /* PgmCall that are not answered; the server's thread */
} PgmHouse;

PgmHouse *pgm_house_new (PgmEngine *engine, GMainContext *context);
PgmHouse *pgm_house_ref (PgmHouse *self);
void pgm_house_unref (PgmHouse *self);
/* FALSE (and @data destroyed) when the server has ended. */
gboolean pgm_house_post (PgmHouse *self, GSourceFunc func, gpointer data, GDestroyNotify destroy);
/* From now on nothing is posted. */
void pgm_house_end (PgmHouse *self);

struct _PgmCall
{
  gatomicrefcount ref_count;
  PgmHouse *house;
  const PgmRoute *route;
  char *id;         /* of the path, or NULL */
  gpointer body;    /* a record of route->request, or NULL */
  gboolean foreign; /* see PgmPass */
  char *text;       /* handler's own: a job's id across an asynchronous call */

  /* The server's thread's own. */
  SoupServerMessage *message; /* NULL once it was answered */
  gboolean close;             /* the client wants no other request after this one */
  guint status;
  gpointer record;
  GPtrArray *records;
  GBytes *bytes;
};

/* Takes over @message: reads its body, runs the route. */
void pgm_call_begin (PgmHouse *house, const PgmPass *pass, SoupServerMessage *message);
PgmCall *pgm_call_ref (PgmCall *self);
void pgm_call_unref (PgmCall *self);

/* The answer, exactly one of these. @record, @records and @error are taken. */
void pgm_call_answer (PgmCall *self, gpointer record);
void pgm_call_answer_many (PgmCall *self, GPtrArray *records);
void pgm_call_answer_nothing (PgmCall *self);
void pgm_call_answer_bytes (PgmCall *self, GBytes *bytes);
void pgm_call_answer_ok (PgmCall *self, const char *job_id, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void pgm_call_fail (PgmCall *self, GError *error);

/* Answers all that are still under way with 503. The server's thread. */
void pgm_house_give_up (PgmHouse *self);

G_END_DECLS
