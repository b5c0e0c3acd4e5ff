/* The subcommands' tables and functions, for cmd_table.c. */
#ifndef KAO_CLI_COMMANDS_H
#define KAO_CLI_COMMANDS_H

#include "cli/command.h"

extern const cli_option cli_align_options[], cli_bench_options[], cli_blur_options[],
    cli_detect_options[], cli_calibrate_options[], cli_cluster_options[],
    cli_completion_options[], cli_manual_options[], cli_doctor_options[],
    cli_embed_options[], cli_eval_options[], cli_model_options[], cli_train_options[],
    cli_verify_options[], cli_version_options[], cli_enroll_options[],
    cli_forget_options[], cli_gallery_options_table[], cli_identify_options[],
    cli_key_options[], cli_people_options[], cli_report_options[], cli_serve_options[],
    cli_watch_options_table[];

int cli_align_run(int argc, char **argv);
int cli_bench_run(int argc, char **argv);
int cli_blur_run(int argc, char **argv);
int cli_cluster_run(int argc, char **argv);
int cli_detect_run(int argc, char **argv);
int cli_doctor_run(int argc, char **argv);
int cli_embed_run(int argc, char **argv);
int cli_enroll_run(int argc, char **argv);
int cli_eval_run(int argc, char **argv);
int cli_forget_run(int argc, char **argv);
int cli_gallery_run(int argc, char **argv);
int cli_identify_run(int argc, char **argv);
int cli_key_run(int argc, char **argv);
int cli_people_run(int argc, char **argv);
int cli_calibrate_run(int argc, char **argv);
int cli_completion_run(int argc, char **argv);
int cli_manual_run(int argc, char **argv);
int cli_model_run(int argc, char **argv);
int cli_report_run(int argc, char **argv);
int cli_serve_run(int argc, char **argv);
int cli_train_run(int argc, char **argv);
int cli_verify_run(int argc, char **argv);
int cli_version_run(int argc, char **argv);
int cli_watch_run(int argc, char **argv);

#endif
