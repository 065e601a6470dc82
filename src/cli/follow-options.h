/* The options of following, shared by `clone --follow` and `follow`. */
#pragma once

#include "model/job.h"

G_BEGIN_DECLS

typedef struct
{
  char *slot;
  char *publication;
  char *origin;
  char *conflicts;
  gboolean streaming;
  gboolean local_only;
} PgmFollowArguments;

/* The strings of the entries live in the group. */
void pgm_follow_arguments_add (GOptionContext *context, PgmFollowArguments *self);

/* PGM_ERROR_USAGE for a word that isn't one. Transfer full. */
PgmFollowOptions *
pgm_follow_arguments_take (PgmFollowArguments *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Was any of them given? */
gboolean pgm_follow_arguments_given (const PgmFollowArguments *self);
void pgm_follow_arguments_clear (PgmFollowArguments *self);

G_END_DECLS
