/* What the configuration says; store/config.h tells where it comes from and describes
 * each key. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

/* Group [server]: how the daemon's API is reached beside its unix socket. */
typedef struct
{
  PgmRecord record;
  GStrv listen; /* NULL: not set */
  gint64 port;
  char *tls_certificate;
  char *tls_key;
  char *token_file;
  GStrv allowed_hosts;
  gint64 max_connections;
  gint64 max_websockets;
  gboolean share_files;
} PgmServerConfig;

/* Group [pgmanager]. */
typedef struct
{
  PgmRecord record;
  gint64 copy_workers; /* 0 everywhere here: not set */
  gint64 index_workers;
  guint64 split_larger_than;
  gint64 compare_workers;
  char *bindir;
  char *state_dir;         /* never NULL after loading */
  PgmServerConfig *server; /* the same */
  char *clusters_file;     /* the same */
  char *passwords;         /* "keyring", "file"; NULL: the keyring where there is one */
} PgmConfig;

/* For GET /config: there is no secret among the keys. */
extern const PgmRecordType pgm_server_config_type;
extern const PgmRecordType pgm_config_type;

G_END_DECLS
