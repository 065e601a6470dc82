/* The configuration: key files, the system's first, then the user's over it.
 *
 * /etc/pgmanager/pgmanager.conf and $XDG_CONFIG_HOME/pgmanager/pgmanager.conf have
 * these groups and keys; what is not set keeps its default. The command line wins over
 * both.
 *
 * [pgmanager]
 *   copy_workers       tables (or parts of them) copied at a time, 1 to 64
 *   index_workers      indexes built at a time, 1 to 64
 *   split_larger_than  size from which a table is copied in parts: 1GB, 512MB
 *   compare_workers    tables compared at a time, 1 to 64
 *   bindir             directory of pg_dump and pg_restore
 *   state_dir          directory of state.db and the lock files
 *   clusters_file      the registered clusters ($XDG_CONFIG_HOME/pgmanager/clusters.json)
 *   passwords          "file": those of clusters go to a file of state_dir also where there
 *                      is a keyring; "keyring" is what is done anyway
 *
 * [server]             how the daemon is reached beside its unix socket
 *   listen             addresses, with or without port: 127.0.0.1, [::1]:7655. Default
 *                      127.0.0.1; empty: the unix socket only. Any other address than
 *                      loopback needs a certificate
 *   port               of addresses without one, 1 to 65535; default 7654
 *   tls_certificate    PEM file; with tls_key, TLS is spoken at all addresses
 *   tls_key            PEM file that only its owner can read
 *   token_file         holds the bearer token, made when it isn't there; default
 *                      token in state_dir
 *   allowed_hosts      names that clients may reach us by, beyond localhost and the
 *                      address itself: db.example.com, proxy.example.com:8443. At
 *                      0.0.0.0 and [::] the machine's own addresses, too
 *   max_connections    at a time, 1 to 4096; default 64
 *   max_websockets     at a time beside them, 1 to 4096; default 256
 *   share_files        true: connections that a caller over the network names may use this
 *                      account's .pgpass, service file and certificates; default false
 *
 * A key or group that is not known is an error with its line, as is a value that
 * can't be understood: a typing mistake must not be taken for a default.
 */
#pragma once

#include "model/config.h"
#include "model/job.h"

G_BEGIN_DECLS

#define PGM_CONFIG_PORT       7654
#define PGM_CONFIG_TOKEN_FILE "token"

/* Reads the two files above; one that is not there is fine. */
PgmConfig *pgm_config_load (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from @paths, later ones over earlier ones. */
PgmConfig *
pgm_config_load_files (const char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What @self says of listening, with its defaults: each with its port, maybe none.
 * Transfer full. */
GStrv pgm_config_list_addresses (const PgmConfig *self);
char *pgm_config_get_token_file (const PgmConfig *self);

/* Fills what @spec leaves open. Only for a spec that nobody else has seen yet. */
void pgm_config_apply (const PgmConfig *self, PgmJobSpec *spec);

G_END_DECLS
