#!/bin/sh
# Makes the secrets that compose.yaml names, with passwords that nobody knows. It touches nothing that is there.
#
# The folder is for its owner alone, and the files in it are for all to read: a file that Compose hands to a
# container keeps its mode, and the programs in there run under other users.
set -eu
cd "$(dirname "$0")/.."
mkdir -m 700 secrets
cd secrets
umask 022

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

postgres=$(password)
redis=$(password)
printf '%s\n' "$postgres" >postgres-password
printf 'postgres://fieldgate:%s@postgres:5432/fieldgate?sslmode=disable\n' "$postgres" >database-url
printf 'requirepass %s\n' "$redis" >redis.conf
printf 'redis://:%s@redis:6379/0\n' "$redis" >redis-url
