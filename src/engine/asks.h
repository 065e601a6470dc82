/* The local engine's answers to the questions of model/question.h: one function each.
 * Not for other rooms. */
#pragma once

#include "engine/engine.h"
#include "store/store.h"

G_BEGIN_DECLS

/* Runs on a thread of its own, and may wait for servers. @id as in
 * pgm_engine_ask_async(); @request is never NULL where the question has one. The answer
 * is transfer full. */
typedef gpointer (*PgmAnswerFunc) (PgmStore *store,
                                   const char *id,
                                   gpointer request,
                                   GCancellable *cancellable,
                                   GError **error);

/* NULL: the engine itself answers (jobs), or nobody yet. */
PgmAnswerFunc pgm_asks_get (PgmAsk ask);

G_END_DECLS
