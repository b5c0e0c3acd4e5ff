#!/usr/bin/env python3
"""kao beside ONNX Runtime: alternating windows, each a fresh process, medians of windows.

    mkdir ort && cd ort && npm install --ignore-scripts onnxruntime-node && cd ..
    ORT_HOME=$PWD/ort bench/peers/compare.py --models FOLDER [--windows 5] [--seconds 2]

Writes bench/results/peers.csv (replaced): model, threads, milliseconds of both, their ratio,
CPU, compiler, commit. ONNX Runtime is told to take denormal floats as zero, as kao does.
Pin it to quiet cores; the machine's noise shows in the spread columns.
"""
import argparse
import os
import re
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = ["kao-face", "kao-detect", "mobilefacenet_192", "mobilefacenet_512", "yunet_n_dynamic",
          "scrfd_500m_kps_dynamic", "scrfd_2.5g_kps_640", "yolov8_lite_t_face_640", "iresnet50"]
MADE = ["iresnet50"]  # by kao model make, with seeded weights


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def kao_window(program, model, threads, seconds, size):
    line = output(program, "bench", model, "--csv", "--threads", str(threads), "--seconds",
                  str(seconds), "--size", str(size)).strip().split(",")
    return float(line[6])


def ort_window(model, threads, seconds, size):
    return float(output("node", os.path.join(HERE, "ort.mjs"), model, str(threads),
                        str(seconds), str(size)).split()[0])


def ort_version():
    path = os.path.join(os.environ["ORT_HOME"], "node_modules/onnxruntime-node/package.json")
    return re.search(r'"version": *"([^"]+)"', open(path).read())[1]


def path_of(name, a, folder):
    if name in MADE:
        made = os.path.join(folder, name + ".onnx")
        if not os.path.exists(made):
            output(a.program, "model", "make", name, made)
        return made
    given = os.path.join(a.models, name + ".onnx")
    return given if os.path.exists(given) else os.path.join(ROOT, "models", name + ".onnx")


def facts():
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    family = re.search(r"cpu family\s*: (.*)", open("/proc/cpuinfo").read())
    number = re.search(r"\nmodel\s*: (.*)", open("/proc/cpuinfo").read())
    return {
        "cpu": "%s family %s model %s" % (cpu[1], family[1], number[1]),
        "compiler": output("cc", "--version").split("\n")[0],
        "commit": output("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip(),
        "ort": ort_version(),
    }


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--models", default=os.environ.get("KAO_MODELS", "models"))
    p.add_argument("--program", default=os.path.join(ROOT, "build", "kao"))
    p.add_argument("--windows", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--size", type=int, default=640)
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--only", nargs="+", default=MODELS)
    p.add_argument("--out", default=os.path.join(ROOT, "bench", "results", "peers.csv"))
    a = p.parse_args()
    f = facts()
    rows = ["model,threads,kao_ms,ort_ms,kao_share_of_ort,kao_spread,ort_spread,windows,cpu,"
            "compiler,commit,onnxruntime"]
    with tempfile.TemporaryDirectory() as folder:
        for name in a.only:
            model = path_of(name, a, folder)
            for threads in a.threads:
                kao, ort = [], []
                for _ in range(a.windows):
                    kao.append(kao_window(a.program, model, threads, a.seconds, a.size))
                    ort.append(ort_window(model, threads, a.seconds, a.size))
                k, o = statistics.median(kao), statistics.median(ort)
                share = statistics.median(x / y for x, y in zip(kao, ort))  # pairs share the noise
                print("%-26s %d thread%s  kao %8.3f ms  ONNX Runtime %8.3f ms  %.2f" %
                      (name, threads, " " if threads == 1 else "s", k, o, share), flush=True)
                rows.append("%s,%d,%.3f,%.3f,%.3f,%.2f,%.2f,%d,%s,%s,%s,%s" %
                            (name, threads, k, o, share, max(kao) / min(kao), max(ort) / min(ort),
                             a.windows, f["cpu"], f["compiler"].replace(",", ";"), f["commit"],
                             f["ort"]))
    with open(a.out, "w", encoding="utf-8") as out:
        out.write("\n".join(rows) + "\n")


main()
