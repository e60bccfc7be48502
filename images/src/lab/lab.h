/*
 * Laboratory tools: programs that misbehave on purpose, so that a person can watch what a hypervisor makes of it. Each says
 * first what it will do; those that hurt the guest act only with --yes.
 */
#ifndef LAB_H
#define LAB_H

#include <stdbool.h>

/* Prints the announcement; true when the program may go on, that is with --yes among its arguments. */
bool announced(int argc, char **argv, const char *announcement);

/* The value after `name`, or `otherwise`. A value that is not a number from `least` to `most` ends the program. */
long option(int argc, char **argv, const char *name, long least, long most, long otherwise);
const char *word_option(int argc, char **argv, const char *name, const char *otherwise);
bool flag(int argc, char **argv, const char *name);

int hvdetect_main(int argc, char **argv);
int forkbomb_main(int argc, char **argv);
int memhog_main(int argc, char **argv);
int irqstorm_main(int argc, char **argv);
int rawforge_main(int argc, char **argv);
int panicnow_main(int argc, char **argv);
int haltcli_main(int argc, char **argv);

#endif
