#!/bin/sh
# kao train in several processes, started by mpirun: what one process would have computed.
# Arguments: DETECTOR EMBEDDER, the teachers.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
if [ "$MPI" = no ]; then
    echo "task = classifier" >one.recipe
    run 3 env OMPI_COMM_WORLD_SIZE=2 "$KAO" train one.recipe --state x
    err_has "in a build without MPI"
    fact "a build without MPI refuses to be one of several processes"
    [ $broken = 0 ] || finish
    skip "a build without MPI"
fi
command -v mpirun >/dev/null || skip "no mpirun here"
# root, more ranks than CPUs, this machine alone; kill: this test ends mpirun itself
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_btl=self,vader OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_plm_rsh_agent=/bin/false OMPI_MCA_oob_tcp_if_include=lo
# Open MPI itself leaves memory at its end
[ -z "${ASAN_OPTIONS-}" ] || ASAN_OPTIONS=$ASAN_OPTIONS:
export ASAN_OPTIONS="${ASAN_OPTIONS-}detect_leaks=0"

mkdir data
"${PYTHON:-python3}" - "$PICTURES" <<'PY'
import sys, tarfile
def pack(name, times, people):
    with tarfile.open("data/%s.tar" % name, "w", format=tarfile.USTAR_FORMAT) as t, open("data/%s_list.txt" % name, "w") as l:
        l.write("# picture licence_class kind identity\n")
        for k in range(9 * times):
            who, i = ("ana", "ben", "chen")[k // 3 % 3], k % 3 + 1
            t.add("%s/%s_%d.jpg" % (sys.argv[1], who, i), "%d.jpg" % k)
            l.write("%d.jpg made face %s\n" % (k, who if people else k))
pack("few", 1, True)
pack("nine", 1, False)  # everybody somebody else
pack("many", 5, False)
PY
cat >all.recipe <<'R'
name = net
classes = made
data = data
width = 4
batch = 24
norm_group = 4
warm_up = 2
steps = 12
rate = 0.0005
R
{ cat all.recipe && printf '%s\n' task=classifier faces=nine dim=8 size=112 m2=0.3 scale=16 least_pictures=1; } >classifier.recipe
{ cat all.recipe && printf '%s\n' task=embedder faces=few size=112 relation=2 "teacher=$2"; } >embedder.recipe
{ cat all.recipe && printf '%s\n' task=detector scenes=few size=64 "teacher=$1"; } >detector.recipe

pid=
trap '[ -z "$pid" ] || kill -9 $pid 2>/dev/null; rm -rf "$work"' EXIT

# agree A B BEFORE: losses to a part in ten thousand at the first step (their fifth digit may be
# rounded either way), the norm of the gradients too, and a thousandth at the last: sums of
# floats in another order differ in their seventh digit, and AdamW turns that into a step of
# another sign where a gradient is nearly nothing. Weights: how they moved away from BEFORE, to
# a cosine of 1 - 1e-4; without statistics, which have no moments, and whose numbers are large.
agree() {
    "${PYTHON:-python3}" - "$@" <<'PY' || fails "$1 and $2 differ"
import array, csv, math, struct, sys
def log(run):
    with open(run + "/log.csv") as f:
        return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in csv.DictReader(f)]
def weights(run):
    b = open(run + "/run.state", "rb").read()
    at = 8 + 65 + 24
    count = struct.unpack_from("<I", b, at)[0]
    at += 4
    out = []
    for _ in range(count):
        n = struct.unpack_from("<Q", b, at)[0]
        at += 8
        parts = []
        for _ in range(4):  # weights, two moments, mean
            parts.append(array.array("f", b[at:at + 4 * n]))
            at += 4 * n
        out.append(parts)
    assert at == len(b), (at, len(b))
    return out
a, b, before = sys.argv[1:]
x, y = log(a), log(b)
bad = len(x) != len(y)
for p, q in zip(x, y):
    for k in p:
        if k == "gradient" and p["step"] > 1:
            continue
        if abs(p[k] - q[k]) > (1e-4 if p["step"] == 1 else 1e-3) * max(abs(p[k]), abs(q[k]), 0.1):
            bad = True
            print("step %g: %s %.6g against %.6g" % (p["step"], k, p[k], q[k]))
uv = uu = vv = 0
for p, q, w in zip(weights(a), weights(b), weights(before)):
    if any(p[1]):
        for part in (0, 3):
            for i, z in enumerate(w[part]):
                u, v = p[part][i] - z, q[part][i] - z
                uv, uu, vv = uv + u * v, uu + u * u, vv + v * v
off = 1 - uv / math.sqrt(uu * vv)
print("cosine of how the weights moved: 1 - %.2g" % off)
sys.exit(bad or not off < 1e-4)
PY
}

# several N RECIPE STATE VALUE...: N ranks
several() {
    count=$1 recipe=$2 state=$3
    shift 3
    run 0 mpirun -n "$count" "$KAO" train "$recipe" --state "$state" -t 1 "$@"
}

many='2 3'
[ "${SHORT-}" != yes ] || many=3 # under a sanitizer
# one_and_more NAME RECIPE VALUE...
one_and_more() {
    name=$1 recipe=$2
    shift 2
    run 0 "$KAO" train "$recipe" --state "$name 0" -t 1 "$@" rate=0 warm_up=0 steps=1
    run 0 "$KAO" train "$recipe" --state "$name 1" -t 1 "$@"
    for ranks in $many; do
        several $ranks "$recipe" "$name $ranks" "$@"
        lines 1 out
        [ -s "$name $ranks/net.onnx" ] || fails "no model"
        agree "$name 1" "$name $ranks" "$name 0"
    done
    fact "$name: $many ranks have the losses and weights of one"
}
one_and_more embedder embedder.recipe
one_and_more "embedder in several batches" embedder.recipe accumulate=2 steps=4
one_and_more detector detector.recipe steps=4
one_and_more arcface classifier.recipe
one_and_more "some classes" classifier.recipe partial=0.1 faces=many steps=4
one_and_more softmax classifier.recipe loss=softmax m2=0 steps=4
one_and_more "sphereface, sgd" classifier.recipe loss=sphere m1=4 m2=0 optimizer=sgd steps=4
one_and_more "adaface, centres, terms" classifier.recipe loss=adaface centers=2 intra=1 triplet=1 faces=few steps=4

several 2 classifier.recipe parts -n 5
several 3 classifier.recipe parts -n 4
run 0 "$KAO" train classifier.recipe --state parts -t 1
cp "arcface 1/log.csv" parts/log.csv # a session's means begin anew: the weights are what counts
agree "arcface 1" parts "arcface 0"
fact "a run goes on with another number of ranks"

# refused STATUS-LINE N VALUE...: one line, by one rank
refused() {
    line=$1 n=$2
    shift 2
    status=0
    mpirun -n "$n" "$KAO" train classifier.recipe --state x -t 1 "$@" >out 2>err </dev/null || status=$?
    [ $status = 3 ] || fails "status $status"
    err_has "$line"
    [ "$(grep -c '^kao train' err)" = 1 ] || fails "told $(grep -c '^kao train' err) times"
}
refused "batch = 20 is no multiple of the 3 ranks" 3 batch=20
refused "set norm_group to 12 or a divisor" 2 norm_group=0
refused "norm_group = 5 does not divide the 12 pictures of a rank" 2 norm_group=5
refused "inter = 0 is wanted" 2 inter=1
refused "and a class for each" 4 faces=few norm_group=3
refused "unknown key" 2 bacth=3
refused "none/nine.tar" 2 data=none
refused "a checkpoint of another recipe" 2 m2=0.2 --state "arcface 1"
run 3 "$KAO" train classifier.recipe --state x norm_group=5
err_has "norm_group = 5 does not divide the 24 pictures"
fact "what ranks cannot do is told in a line"

# begin_long RECIPE STATE FILE PATTERN [ALONE]: two ranks that would train for ever; process numbers,
# messages and, later, statuses in files. Back when FILE has PATTERN. Once a rank has died mpirun
# waits for 600 seconds and passes nothing on: what the others do in them is theirs. ALONE: no
# shell stands between it and the ranks.
begin_long() {
    cat >rank.sh <<R
rank=\$OMPI_COMM_WORLD_RANK status=0
"$KAO" train "$1" --state "$2" -t 1 steps=100000000 checkpoint_minutes=0.01 2>"$2.err.\$rank" &
echo \$! >"$2.pid.\$rank"
wait \$! || status=\$?
echo \$status >"$2.status.\$rank"
exit \$status
R
    [ -z "${5-}" ] || cat >rank.sh <<R
echo \$\$ >"$2.pid.\$OMPI_COMM_WORLD_RANK"
exec "$KAO" train "$1" --state "$2" -t 1 steps=100000000
R
    mpirun --mca odls_base_sigkill_timeout 600 -n 2 sh rank.sh >out 2>err </dev/null &
    pid=$!
    until grep -qa "$4" "$3" 2>/dev/null; do
        kill -0 $pid 2>/dev/null || { fails "$2: it ended"; break; }
        sleep 0.1
    done
}
# kill_rank STATE RANK OTHER: the other ends with a line and status 3.
kill_rank() {
    kill -9 "$(cat "$1.pid.$2")"
    until [ -s "$1.status.$3" ]; do
        kill -0 $pid 2>/dev/null || { fails "$1: mpirun ended"; break; }
        sleep 0.1
    done
    kill -9 $pid
    wait $pid 2>/dev/null
    pid=
    [ "$(cat "$1.status.$3")" = 3 ] || fails "status $(cat "$1.status.$3")"
    cp "$1.err.$3" err
}

begin_long embedder.recipe lost lost/log.csv "^1,"
kill_rank lost 1 0
err_has "rank 1 of 2 (process $(cat lost.pid.1)) is gone: the run ends at step"
step=$(sed -n 's/.*ends at step \([0-9]*\), saved.*/\1/p' err)
run 0 "$KAO" train embedder.recipe --state lost -t 1 -n 1 steps=100000000
run 0 "$KAO" model info lost/net.onnx
out_has "views            = $((24 * (step + 1)))"
begin_long embedder.recipe led led/log.csv "^1,"
kill_rank led 0 1
err_has "rank 0 of 2 (process $(cat led.pid.0)) is gone: the run ends at step"
run 0 "$KAO" train embedder.recipe --state led -t 1 -n 1 steps=100000000
fact "a rank that is killed, the first too, ends the run with a line; its last step is saved"

begin_long classifier.recipe spread spread/run.state kaoRUN
kill_rank spread 1 0
err_has "the last checkpoint is kept"
run 0 "$KAO" train classifier.recipe --state spread -t 1 -n 1 steps=100000000
fact "with classes over ranks the checkpoint before is kept, whole"

begin_long classifier.recipe told told/log.csv "^1," alone
kill -USR1 $pid # mpirun passes it on
wait $pid || fails "status $?"
run 0 "$KAO" train classifier.recipe --state told -t 1 -n 1 steps=100000000
begin_long embedder.recipe term term/log.csv "^1," alone
kill -TERM "$(cat term.pid.1)" # one of them is enough
wait $pid || fails "status $?"
pid=
run 0 "$KAO" train embedder.recipe --state term -t 1 -n 1 steps=100000000
fact "a signal to mpirun or to one rank stops all at the same step, with a checkpoint"
finish
