#include "model/question.h"

#include "model/report.h"

#define MANY 1
#define QUESTION(name, method, path, request, response, flags, status, summary)                    \
  { #name, method, path, request, response, (flags) == MANY, status, summary },

static const PgmQuestion questions[] = { PGM_QUESTIONS (QUESTION) };

const PgmQuestion *
pgm_question_get (PgmAsk ask)
{
  g_return_val_if_fail (ask < PGM_ASK_COUNT, NULL);

  return &questions[ask];
}

void
pgm_question_free_answer (PgmAsk ask, gpointer answer)
{
  if (answer == NULL)
    return;
  if (questions[ask].many)
    g_ptr_array_unref (answer);
  else
    pgm_record_unref (answer);
}
