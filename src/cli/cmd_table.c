/* The subcommands, in the order in which help lists them. */
#include <string.h>

#include "cli/commands.h"

/* clang-format off */
static const char verify_details[] =
    "Finds the faces, aligns and embeds them, and compares: the similarity is the cosine of\n"
    "the two vectors, 1.0 at most. The threshold is the card's unless --threshold is given.\n"
    "Exit status: 0 the same person, 1 different, 2 no usable face, 3 bad input, 4 fault;\n"
    "of many pairs, the highest.";
static const char model_details[] =
    "  kao model info FILE...          card, inputs, outputs, size\n"
    "  kao model run FILE --input NAME=x.npy ... --output-dir FOLDER\n"
    "                                  raw tensors in and out; --profile: time by step\n"
    "  kao model ops [--markdown]      the operators that kao runs";

static const cli_command commands[] = {
    { "verify", "A B | --pairs FILE", "Are two pictures of the same person?", verify_details,
      cli_verify_options, cli_verify_run },
    { "detect", "PICTURE...", "Where are faces?", NULL, cli_detect_options, cli_detect_run },
    { "embed", "PICTURE...", "The unit vector of a face, as numbers.", NULL,
      cli_embed_options, cli_embed_run },
    { "align", "PICTURE...", "Cut faces out, turned upright, as the embedder sees them.", NULL,
      cli_align_options, cli_align_run },
    { "model", "info|run|ops [FILE]...", "Look into ONNX files and run them.", model_details,
      cli_model_options, cli_model_run },
    { "bench", "[MODEL]...", "Measure networks on this machine.", NULL, cli_bench_options,
      cli_bench_run },
    { "doctor", "", "What this machine and this installation offer kao.", NULL,
      cli_doctor_options, cli_doctor_run },
    { "version", "", "The version.", NULL, cli_version_options, cli_version_run },
};
/* clang-format on */

const cli_command *cli_commands(size_t *n)
{
    *n = sizeof commands / sizeof commands[0];
    return commands;
}

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
