/* The subcommands, in the order in which help lists them. */
#include <string.h>

#include "cli/commands.h"

/* clang-format off */
static const char verify_details[] =
    "Finds the faces, aligns and embeds them, and compares: the similarity is the cosine of\n"
    "the two vectors, 1.0 at most. By the model's calibration the threshold is where few\n"
    "pairs of strangers look as alike (--far); how many look as alike as these two is told.\n"
    "Exit status: 0 the same person, 1 different, 2 no usable face, 3 bad input, 4 fault;\n"
    "of many pairs, the highest.";
static const char detect_details[] =
    "Best score first; pixels of the upright picture. A picture without a face is no error.\n"
    "Exit status: 0 done, 3 bad input, 4 fault; of many pictures, the highest.";
static const char embed_details[] =
    "Text has a line a face: path, face number and, without --npy, the numbers, with tabs\n"
    "between.\n"
    "Exit status: 0 done, 2 no usable face, 3 bad input, 4 fault; of many, the highest.";
static const char align_details[] =
    "Prints the path of each chip.\n"
    "Exit status: 0 done, 2 no usable face, 3 bad input, 4 fault; of many, the highest.";
static const char bench_details[] =
    "Without MODEL: the default detector and embedder. A model is a path or a name.";
static const char doctor_details[] =
    "Exit status: 0 all is well, 3 a default model is missing, 4 a picture library is broken.";
static const char train_details[] =
    "A recipe is a file of \"key = value\" lines (recipes/); values on the command line come\n"
    "first. Checkpoint, log and model go to the state folder, and a run goes on from there.\n"
    "Ctrl-C ends it after a checkpoint.";
static const char eval_details[] =
    "  kao eval verify PICTURES [PAIRS]     same or different? Accuracy over folds, TAR at FAR\n"
    "  kao eval identify PICTURES [PEOPLE]  who of a gallery, or nobody? Rank k, FNIR at FPIR\n"
    "  kao eval cluster PICTURES [PEOPLE]   groups by person: F of pairs, V-measure\n"
    "  kao eval groups PICTURES LABELS      false matches by group, of pictures of different people\n"
    "  kao eval detect PICTURES BOXES       AP, recall at numbers of false boxes; WIDER FACE form\n"
    "  kao eval track TRUTH RESULT...       MOTA, IDF1, HOTA of followed people; a row a result\n"
    "PICTURES: a folder, a plain tar, or an insightface set (.bin), which has its pairs.\n"
    "PAIRS: LFW's pairs.txt, or lines of two paths and 1 (same) or 0. Without it the pairs\n"
    "are made from a folder a person: all same ones, and a sample of different ones.\n"
    "PEOPLE: a line a picture, path and person; \"-\" unknown. Without it a folder a person.\n"
    "TRUTH, RESULT: lines \"frame,id,x,y,width,height,score,-1,-1,-1\", frames from 1 (the MOT\n"
    "challenge's form; a truth's lines with score 0 do not count). Two boxes match from --iou\n"
    "on; a person keeps its track of the frame before, else as many match as can. IDSW: a\n"
    "person's track is another than last time; frag: matched again after frames in which it\n"
    "was not; MOTA: 1 - (missed + false + IDSW) / boxes; MOTP: the mean overlap. IDF1, IDP,\n"
    "IDR: shares of boxes that are right with one track a person throughout. HOTA: the root\n"
    "of DetA (boxes right) * AssA (identities right), mean over overlaps .05 to .95. MT, ML:\n"
    "people matched in at least 80 %, less than 20 % of their frames.\n"
    "Exit status: 0 done, 3 bad input, 4 fault.";
static const char calibrate_details[] =
    "PEOPLE: a folder or plain tar with a folder a person; all pairs of different people are\n"
    "compared. With --groups all pairs within each group are, too. --card writes what\n"
    "kao verify reads; a card MODEL.onnx.card beside a model is found by itself.\n"
    "Exit status: 0 done, 3 bad input, 4 fault.";
static const char enroll_details[] =
    "PICTURE may be a folder of them. NAME may be # and a person's number.\n"
    "A picture is refused, with its reasons, where it has no face or several, shows somebody\n"
    "who looks like another person of the gallery, or nobody like this one.\n"
    "Exit status: 0 all enrolled, 2 some refused, 3 bad input, 4 fault.";
static const char identify_details[] =
    "A line a face: file, face, name or \"unknown\", similarity. Strangers stay strangers: the\n"
    "more samples the gallery has, the more alike somebody must be (--fpir).\n"
    "Exit status: 0 all known, 1 somebody unknown, 2 no usable face, 3 bad input, 4 fault.";
static const char cluster_details[] =
    "PICTURE may be a folder, with those in it. A line a face: group, file, face; with --gallery\n"
    "also whose it is. Two faces of one picture are never one person. What is no picture is left\n"
    "out, unless it is named. --gallery FILE alone: people of the gallery who may be one person, a\n"
    "line a pair: into whom, from whom, mean similarity (kao gallery merge joins them).\n"
    "Exit status: 0 done, 2 no face at all, 3 bad input, 4 fault.";
static const char watch_details[] =
    "SOURCE: a video file, a folder of pictures, a camera (/dev/video0), an address (rtsp://..,\n"
    "http://..). People are followed, named if the gallery knows them, and known again when they\n"
    "come back. A line an event: appear, identified, renamed (somebody seen before), leave.\n"
    "Ctrl-C ends it, and what was written so far is kept.\n"
    "Exit status: 0 done, 3 bad input, 4 fault.";
static const char blur_details[] =
    "Faces of pictures or of a video are made unrecognisable: everybody's, or those that the\n"
    "gallery tells (--only, --except, --strangers). A video's sound is kept. --plan writes who\n"
    "was found where, as JSON; with \"hide\" edited there, --from draws anew, without a network.\n"
    "Nobody can promise that every face is found: look at the result before you show it.\n"
    "Exit status: 0 done, 3 bad input, 4 fault; of many pictures, the highest.";
static const char report_details[] =
    "LOG: what kao watch --json has printed; \"-\" is standard input. Somebody of the gallery is\n"
    "one line over all logs; a stranger is one for each log.\n"
    "Exit status: 0 done, 3 bad input, 4 fault.";
static const char serve_details[] =
    "Prints its address when it is there: open it in a browser of this machine. Live view,\n"
    "registering, people, comparing; the API stands under /v1 (/v1/openapi.json tells it).\n"
    "--address 0.0.0.0 is for phones and other machines: by HTTPS, each with a key or a code.\n"
    "Ctrl-C ends it; what it has answered is kept.\n"
    "Exit status: 0 done, 3 bad usage, 4 fault.";
static const char key_details[] =
    "  kao key add NAME                a new key, printed this once\n"
    "  kao key list                    name, id, since when, revoked when\n"
    "  kao key revoke NAME|ID          refused from now on, by a running server too\n"
    "Where a gallery has a key, kao serve demands one of every request: in a header\n"
    "\"Authorization: Bearer KEY\" or \"x-api-key: KEY\", or once from a browser. Keys are kept as\n"
    "salted hashes in GALLERY.keys, and open that gallery alone.\n"
    "Exit status: 0 done, 3 bad usage or no such key, 4 fault.";
static const char forget_details[] =
    "Samples, vectors, name and history are deleted and the gallery's files searched for what\n"
    "might be left. Nothing brings the person back. (kao gallery remove can be undone.)\n"
    "--retain 30 forgets who has had no new sample for 30 days; run it daily, by cron or a timer.";
static const char gallery_details[] =
    "  kao gallery create              an empty one; --model: for these embedders\n"
    "  kao gallery stats               how many people and samples, which models\n"
    "  kao gallery rename NAME NEW     merge INTO FROM, note NAME TEXT, remove NAME\n"
    "  kao gallery move SAMPLE NAME    split SAMPLE: to a new person; SAMPLE: its id\n"
    "  kao gallery group NAME GROUP..  in these groups from now on; without one: in none\n"
    "  kao gallery apart NAME OTHER    two people, who are never one\n"
    "  kao gallery not SAMPLE NAME     the sample is not of this person\n"
    "  kao gallery ignore NAME|SAMPLE  a statue, a poster: not to be told; --not: told again\n"
    "  kao gallery facts               what was said by apart and not; drop FACT takes one back\n"
    "  kao gallery history             every change; undo [CHANGE] takes one back\n"
    "  kao gallery export FILE         .jsonl: all of it; .csv: a line a sample; .npy: the vectors\n"
    "  kao gallery import FILE.jsonl   people of another gallery of the same models\n"
    "  kao gallery chips FOLDER        the faces that enroll was asked to keep, as files\n"
    "  kao gallery reembed             for other models (--model), from chips, else pictures\n"
    "  kao gallery verify              look through all of it\n"
    "  kao gallery doctor              what is worth a look: who may be one person, samples\n"
    "                                  unlike their person's others; exit 1: something is\n"
    "  kao gallery compact             written anew, as small as it can be\n"
    "  kao gallery encrypt             by --key-file, which is made where it is not there\n"
    "  kao gallery rekey               by --new-key-file from now on; decrypt: by none\n"
    "NAME may be # and a person's number.";
static const char model_details[] =
    "  kao model info FILE...          card, inputs, outputs, size\n"
    "  kao model run FILE --input NAME=x.npy ... --output-dir FOLDER\n"
    "                                  raw tensors in and out; --profile: time by step\n"
    "  kao model make NAME FILE.onnx   an architecture of the field, with seeded weights:\n"
    "                                  iresnet18/34/50/100/200, mobilefacenet, mbf,\n"
    "                                  resnet_face18, yolov3_face, yolov3_face_tiny\n"
    "  kao model card FILE.onnx CARD OUT.onnx\n"
    "                                  the file with a card's lines inside, as metadata\n"
    "  kao model ops [--markdown]      the operators that kao runs";

static const cli_command commands[] = {
    { "verify", "A B | --pairs FILE", "Are two pictures of the same person?", verify_details,
      cli_verify_options, cli_verify_run },
    { "detect", "PICTURE...", "Where are faces?", detect_details, cli_detect_options, cli_detect_run },
    { "embed", "PICTURE...", "The unit vector of a face, as numbers.", embed_details,
      cli_embed_options, cli_embed_run },
    { "align", "PICTURE...", "Cut faces out, turned upright, as the embedder sees them.", align_details,
      cli_align_options, cli_align_run },
    { "enroll", "NAME PICTURE... | --people FOLDER...", "Remember a person from photographs.", enroll_details,
      cli_enroll_options, cli_enroll_run },
    { "identify", "PICTURE...", "Who is it, of those remembered?", identify_details, cli_identify_options,
      cli_identify_run },
    { "cluster", "PICTURE... | --gallery FILE", "Whose faces belong together?", cluster_details,
      cli_cluster_options, cli_cluster_run },
    { "watch", "SOURCE", "Who is in this video, and when?", watch_details, cli_watch_options_table, cli_watch_run },
    { "report", "LOG...", "Who was there, when and how long?", report_details, cli_report_options, cli_report_run },
    { "blur", "PICTURE... | VIDEO", "Make faces unrecognisable.", blur_details, cli_blur_options, cli_blur_run },
    { "serve", "", "The app in a browser, and the API for programs.", serve_details, cli_serve_options, cli_serve_run },
    { "key", "add|list|revoke [NAME]", "Who may ask the server.", key_details, cli_key_options, cli_key_run },
    { "people", "[NAME]", "Who is remembered?", NULL, cli_people_options, cli_people_run },
    { "forget", "NAME | --retain DAYS", "Delete a person, leave no trace.", forget_details, cli_forget_options, cli_forget_run },
    { "gallery", "WHAT [WORD]...", "The care of a gallery.", gallery_details,
      cli_gallery_options_table, cli_gallery_run },
    { "model", "info|run|make|card|ops [FILE]...", "Look into ONNX files and run them.", model_details,
      cli_model_options, cli_model_run },
    { "bench", "[MODEL]...", "Measure networks on this machine.", bench_details, cli_bench_options,
      cli_bench_run },
    { "train", "RECIPE [KEY=VALUE]...", "Train a network of our own.", train_details, cli_train_options,
      cli_train_run },
    { "eval", "verify|identify|cluster|groups|detect|track FILE...", "How good is a model, by the field's protocols?", eval_details,
      cli_eval_options, cli_eval_run },
    { "calibrate", "PEOPLE | --groups PICTURES --labels FILE", "How alike do strangers look to a model?",
      calibrate_details, cli_calibrate_options, cli_calibrate_run },
    { "doctor", "", "What this machine and this installation offer kao.", doctor_details,
      cli_doctor_options, cli_doctor_run },
    { "completion", "bash|zsh|fish", "Completion of commands and options for a shell.", NULL,
      cli_completion_options, cli_completion_run },
    { "manual", "", "The manual page: kao manual | man -l -", NULL, cli_manual_options, cli_manual_run },
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
