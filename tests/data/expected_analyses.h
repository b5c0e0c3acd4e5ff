/* Made by make_analyses.py. */

static const seeded_case seeded_cases[] = {
    { .what = "68 points as shares of a stretched box, of a grey face",
      .card = "kind = landmarks\n"
              "input.color = grey\n"
              "input.mean = 0 0 0\n"
              "input.scale = 0.00390625 0.00390625 0.00390625\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = share\n"
              "template.margin = 1\n",
      .width = 16, .height = 16, .channels = 1, .seed = 40, .spread = 20,
      .outputs = { 136 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 68,
      .landmarks = { 25.556909f, 45.825615f, 32.718220f, 50.475704f, -0.739218f, 31.305662f, 11.087269f, 34.657085f, 10.497651f, -3.388681f, 6.763000f, -5.608524f, 42.144274f, 1.406884f, 16.538037f, -2.905789f, 23.128277f, 5.395371f, 28.972003f, -0.363837f, 6.780754f, 11.332910f, 18.177093f, 36.099856f, 25.797006f, -2.842139f, 10.299668f, 29.390936f, 2.407470f, 29.125252f, 14.856391f, 1.823938f, 21.482999f, -6.329514f, 46.018490f, -0.491106f, 19.180246f, 51.197712f, 33.392256f, 21.211083f, -2.299459f, -0.109927f, 32.223773f, 13.880475f, 27.410154f, 31.782410f, 26.303993f, 12.066891f, 34.257332f, 5.504167f, 14.260384f, 0.930304f, 40.041218f, -1.960994f, 22.784289f, -13.568851f, 15.979871f, -3.776408f, 15.687398f, 42.779821f, 14.915622f, 20.637263f, 23.311265f, 2.171601f, 25.432334f, -13.952980f, -5.013982f, 1.993789f, 44.940188f, 8.488284f, 23.726517f, -7.193654f, 14.365763f, -7.822184f, 21.122654f, 21.480709f, -0.057388f, -6.238730f, 34.018791f, -2.770184f, 54.589937f, 38.102399f, 18.712789f, 56.988786f, 29.173350f, 24.826000f, 15.359889f, 27.213572f, 42.532082f, 37.929956f, 32.814607f, -17.213829f, 24.101531f, 27.391993f, 41.937981f, -10.572003f, 36.439007f, 4.342045f, 5.633251f, 11.412219f, 30.904373f, 13.863391f, 29.491111f, 5.225867f, -17.515524f, 47.833688f, 19.260585f, 30.597296f, 22.939513f, 15.049123f, 41.992877f, 41.301613f, 32.257165f, -22.630602f, 2.638510f, 0.431779f, -6.330558f, -2.485353f, 51.594122f, -19.317736f, 34.331134f, -21.679471f, 24.977873f, 13.232154f, 30.579172f, 24.382599f, 19.051276f, 35.039538f, 12.965280f, -27.010433f, 6.547611f, -13.180796f, 11.881358f, 25.852715f, 32.985864f, 31.630986f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "five points in pixels of an upright rectangle",
      .card = "kind = landmarks\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x24\n"
              "template = box\n"
              "output.decode = pixels\n"
              "template.margin = 1.25\n",
      .width = 16, .height = 24, .channels = 3, .seed = 40, .spread = 90,
      .outputs = { 10 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 5,
      .landmarks = { 16.835038f, 12.493584f, 16.835200f, 9.766033f, 17.431734f, 9.918617f, 21.229332f, 8.460431f, 22.351372f, 10.509351f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "points of a square crop",
      .card = "kind = landmarks\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = square\n"
              "output.decode = share\n"
              "template.margin = 0.75\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 12 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 6,
      .landmarks = { 16.736823f, 16.746178f, 25.911159f, 10.513384f, 22.870553f, 13.238100f, 17.267906f, 10.274114f, 24.017842f, 19.190946f, 18.403334f, 9.233882f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "points of a face on its side, 90",
      .card = "kind = landmarks\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 24x16\n"
              "template = box\n"
              "output.decode = share\n"
              "template.margin = 1\n",
      .width = 24, .height = 16, .channels = 3, .seed = 50, .spread = 20,
      .outputs = { 12 },
      .box = { 10.000000f, 13.000000f, 25.500000f, 24.000000f },
      .n_points = 5, .points = { 16.000000f, 31.000000f, 17.000000f, 19.000000f, 23.000000f, 25.000000f, 29.000000f, 30.000000f, 29.500000f, 20.000000f },
      .n_landmarks = 6,
      .landmarks = { -68.781861f, 48.225616f, 90.916304f, 81.972006f, 38.422179f, 54.776900f, -4.561095f, 56.546074f, 79.751224f, 33.278604f, 28.942788f, -37.349914f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "points of a face on its side, 180",
      .card = "kind = landmarks\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 24x16\n"
              "template = box\n"
              "output.decode = share\n"
              "template.margin = 1\n",
      .width = 24, .height = 16, .channels = 3, .seed = 50, .spread = 20,
      .outputs = { 12 },
      .box = { 23.000000f, 13.500000f, 24.000000f, 25.500000f },
      .n_points = 5, .points = { 41.000000f, 33.000000f, 29.000000f, 32.000000f, 35.000000f, 26.000000f, 40.000000f, 20.000000f, 30.000000f, 19.500000f },
      .n_landmarks = 6,
      .landmarks = { -5.287923f, 136.072808f, 4.545833f, 13.093974f, -11.791640f, 27.565720f, 15.926804f, 43.564639f, 36.574671f, -2.851300f, -8.969636f, 47.398174f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "points of a face on its side, 270",
      .card = "kind = landmarks\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 24x16\n"
              "template = box\n"
              "output.decode = share\n"
              "template.margin = 1\n",
      .width = 24, .height = 16, .channels = 3, .seed = 50, .spread = 20,
      .outputs = { 12 },
      .box = { 23.500000f, 12.000000f, 25.500000f, 24.000000f },
      .n_points = 5, .points = { 43.000000f, 18.000000f, 42.000000f, 30.000000f, 36.000000f, 24.000000f, 30.000000f, 19.000000f, 29.500000f, 29.000000f },
      .n_landmarks = 6,
      .landmarks = { 148.842208f, -30.694867f, 25.543556f, 110.019143f, 53.943276f, 35.600801f, 44.416589f, 17.979279f, 5.770418f, -6.075629f, 173.260302f, 59.999232f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "quality of an aligned chip",
      .card = "kind = quality\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 32x32\n"
              "template = arcface-112\n"
              "output.decode = mean\n",
      .width = 32, .height = 32, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 10 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_points = 5, .points = { 23.000000f, 18.000000f, 35.000000f, 19.000000f, 29.000000f, 25.000000f, 24.000000f, 31.000000f, 34.000000f, 31.500000f },
      .n_landmarks = 0,
      .quality = -0.046254f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "a box that passes the border: black beside",
      .card = "kind = quality\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = mean\n"
              "template.margin = 1\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 10 },
      .box = { -6.000000f, 30.000000f, 22.000000f, 30.000000f },
      .n_landmarks = 0,
      .quality = 0.375402f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .what = "pose in three heads of bins",
      .card = "kind = pose\n"
              "input.color = rgb\n"
              "input.mean = 123.675 116.28 103.53\n"
              "input.scale = 0.0171247538 0.0175070028 0.0174291939\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = bins\n"
              "template.margin = 1.5\n"
              "output.angles = yaw pitch roll\n"
              "output.bins = 3 -99\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 40,
      .outputs = { 66, 66, 66 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 25.491288f, -74.823334f, 67.229943f }, .live = 0.000000f },
    { .what = "pose in one output, another order, a sign",
      .card = "kind = pose\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = bins\n"
              "template.margin = 1\n"
              "output.angles = roll -yaw pitch\n"
              "output.bins = 5 -60\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 40,
      .outputs = { 75 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 0.834891f, 2.254108f, 2.215747f }, .live = 0.000000f },
    { .what = "pose in degrees, of a face on its side: roll is the picture's",
      .card = "kind = pose\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = degrees\n"
              "template.margin = 1\n"
              "output.angles = yaw, -pitch, roll\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 400,
      .outputs = { 3 },
      .box = { 10.000000f, 13.000000f, 25.500000f, 24.000000f },
      .n_points = 5, .points = { 16.000000f, 31.000000f, 17.000000f, 19.000000f, 23.000000f, 25.000000f, 29.000000f, 30.000000f, 29.500000f, 20.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { -5.748444f, -3.446165f, -71.789775f }, .live = 0.000000f },
    { .what = "pose of a face on its head",
      .card = "kind = pose\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = degrees\n"
              "template.margin = 1\n"
              "output.angles = roll pitch yaw\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 400,
      .outputs = { 3 },
      .box = { 23.000000f, 13.500000f, 24.000000f, 25.500000f },
      .n_points = 5, .points = { 41.000000f, 33.000000f, 29.000000f, 32.000000f, 35.000000f, 26.000000f, 40.000000f, 20.000000f, 30.000000f, 19.500000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { -6.794188f, 8.958309f, -178.141717f }, .live = 0.000000f },
    { .what = "three classes, a crop that is moved inside",
      .card = "kind = liveness\n"
              "input.color = bgr\n"
              "input.mean = 0 0 0\n"
              "input.scale = 0.00392156863 0.00392156863 0.00392156863\n"
              "input.size = 32x28\n"
              "template = inside\n"
              "output.decode = softmax\n"
              "template.margin = 2.7\n"
              "output.live = 1\n",
      .width = 32, .height = 28, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 3 },
      .box = { 30.000000f, 8.000000f, 16.000000f, 20.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.311069f },
    { .what = "two classes, at the other corner",
      .card = "kind = liveness\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 32x32\n"
              "template = inside\n"
              "output.decode = softmax\n"
              "template.margin = 2.7\n"
              "output.live = 0\n",
      .width = 32, .height = 32, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 2 },
      .box = { 2.000000f, 1.000000f, 16.000000f, 20.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.725088f },
    { .what = "a crop that is made smaller",
      .card = "kind = liveness\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 40x40\n"
              "template = inside\n"
              "output.decode = softmax\n"
              "template.margin = 4\n"
              "output.live = 2\n",
      .width = 40, .height = 40, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 3 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.849469f },
    { .what = "a probability",
      .card = "kind = liveness\n"
              "input.color = rgb\n"
              "input.mean = 127.5 127.5 127.5\n"
              "input.scale = 0.0078125 0.0078125 0.0078125\n"
              "input.size = 16x16\n"
              "template = box\n"
              "output.decode = probability\n"
              "template.margin = 1\n"
              "output.live = 1\n",
      .width = 16, .height = 16, .channels = 3, .seed = 40, .spread = 20,
      .outputs = { 2 },
      .box = { 20.000000f, 12.000000f, 18.000000f, 24.000000f },
      .n_landmarks = 0,
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.117500f },
};

static const published_case published_cases[] = {
    { .model = "landmark_68", .picture = "ana_1.jpg",
      .box = { 188.000000f, 170.000000f, 286.000000f, 370.000000f }, .points = { 272.000000f, 312.000000f, 404.000000f, 312.000000f, 341.000000f, 385.000000f, 278.000000f, 442.000000f, 391.000000f, 442.000000f },
      .n_landmarks = 68, .landmarks = { 180.307565f, 313.660415f, 184.566983f, 356.957731f, 191.487908f, 398.398410f, 199.331880f, 439.037922f, 212.992446f, 475.386177f, 236.316390f, 503.771651f, 266.485899f, 525.121635f, 298.150918f, 543.178029f, 331.733103f, 548.783864f, 364.419310f, 542.209915f, 392.863405f, 522.668335f, 419.456119f, 498.795009f, 438.964914f, 467.917355f, 449.786713f, 430.843091f, 455.426366f, 391.137378f, 460.274768f, 352.534549f, 461.427055f, 312.054022f, 203.234546f, 280.289323f, 223.828054f, 261.071812f, 250.490715f, 255.746093f, 277.920894f, 260.321666f, 303.552510f, 272.905363f, 359.498254f, 274.935320f, 383.831329f, 262.666076f, 409.343933f, 258.386805f, 434.365551f, 263.322780f, 452.098038f, 282.759968f, 331.878991f, 303.850943f, 332.724331f, 329.039961f, 333.728719f, 353.865910f, 334.904616f, 379.173720f, 305.256973f, 399.609953f, 319.336943f, 404.440710f, 333.843632f, 408.881645f, 347.656315f, 404.759364f, 360.538918f, 399.831196f, 233.860900f, 307.639706f, 251.637045f, 293.328198f, 272.826513f, 293.810701f, 289.771347f, 314.097156f, 271.325275f, 317.591942f, 249.816697f, 316.858369f, 369.542168f, 314.775296f, 387.595751f, 294.779234f, 408.262493f, 294.192550f, 423.922807f, 308.451426f, 409.883025f, 317.806150f, 388.874441f, 318.276688f, 274.187761f, 439.393649f, 299.516309f, 433.302037f, 320.567740f, 428.872062f, 333.728617f, 433.076317f, 346.781160f, 429.311328f, 366.212118f, 434.507294f, 387.760817f, 441.124490f, 366.192497f, 456.726923f, 347.388235f, 462.889173f, 333.623590f, 464.421818f, 319.712896f, 462.866281f, 299.194421f, 456.162039f, 283.119934f, 440.814900f, 320.111377f, 442.992859f, 333.618817f, 445.353556f, 346.812271f, 443.628933f, 378.913938f, 442.499672f, 346.951288f, 443.796718f, 333.699347f, 445.237090f, 320.352668f, 443.797114f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .model = "landmark_68", .picture = "ben_2.jpg",
      .box = { 166.000000f, 170.000000f, 279.000000f, 393.000000f }, .points = { 226.000000f, 318.000000f, 349.000000f, 300.000000f, 311.000000f, 380.000000f, 252.000000f, 446.000000f, 355.000000f, 431.000000f },
      .n_landmarks = 68, .landmarks = { 168.971323f, 331.494978f, 170.690422f, 371.648147f, 175.540045f, 412.085445f, 184.156364f, 453.140311f, 195.225055f, 492.158053f, 209.951762f, 529.406745f, 228.283973f, 561.899581f, 249.591270f, 589.349190f, 278.975302f, 596.509442f, 315.090578f, 589.274044f, 353.251673f, 564.768231f, 388.745081f, 532.570732f, 417.382831f, 491.088016f, 434.005260f, 441.386443f, 439.770559f, 386.361857f, 440.570148f, 329.384524f, 439.229928f, 273.466102f, 161.136716f, 293.281801f, 170.306077f, 278.526289f, 187.870694f, 277.433823f, 206.959286f, 281.330533f, 226.430610f, 289.816619f, 261.217980f, 283.197511f, 287.265372f, 266.387672f, 316.266231f, 256.226356f, 346.168586f, 256.547514f, 372.439482f, 270.307572f, 245.601482f, 315.714897f, 244.107578f, 342.771709f, 241.632622f, 369.973661f, 239.018018f, 398.827670f, 223.571271f, 422.724489f, 236.417782f, 430.296405f, 251.121909f, 434.734411f, 268.450767f, 427.318690f, 285.756876f, 419.715923f, 184.417214f, 324.544540f, 194.357560f, 313.170608f, 210.667945f, 311.766395f, 227.788325f, 323.755271f, 211.637369f, 328.809661f, 195.198940f, 331.110533f, 292.675619f, 316.269147f, 306.725658f, 298.908478f, 325.944116f, 297.401361f, 345.356775f, 303.243345f, 328.635416f, 313.938561f, 309.796947f, 317.430915f, 220.044504f, 485.598057f, 229.208905f, 472.881578f, 243.749050f, 466.813241f, 257.112358f, 470.534313f, 271.803588f, 464.762134f, 299.612240f, 468.631742f, 330.983446f, 478.273036f, 305.130338f, 512.388567f, 279.270072f, 525.007811f, 262.915282f, 527.542191f, 248.384245f, 525.798907f, 232.335570f, 514.270923f, 226.640656f, 487.345886f, 245.552457f, 481.920930f, 258.818531f, 482.859344f, 273.878550f, 480.275420f, 321.376703f, 481.605213f, 275.647102f, 500.194644f, 260.118142f, 502.851793f, 246.360137f, 500.222777f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .model = "face_quality_112", .picture = "ana_1.jpg",
      .box = { 188.000000f, 170.000000f, 286.000000f, 370.000000f }, .points = { 272.000000f, 312.000000f, 404.000000f, 312.000000f, 341.000000f, 385.000000f, 278.000000f, 442.000000f, 391.000000f, 442.000000f },
      .quality = 0.695502f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .model = "face_quality_112", .picture = "ben_2.jpg",
      .box = { 166.000000f, 170.000000f, 279.000000f, 393.000000f }, .points = { 226.000000f, 318.000000f, 349.000000f, 300.000000f, 311.000000f, 380.000000f, 252.000000f, 446.000000f, 355.000000f, 431.000000f },
      .quality = 0.366792f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.000000f },
    { .model = "pose_224", .picture = "ana_1.jpg",
      .box = { 188.000000f, 170.000000f, 286.000000f, 370.000000f }, .points = { 272.000000f, 312.000000f, 404.000000f, 312.000000f, 341.000000f, 385.000000f, 278.000000f, 442.000000f, 391.000000f, 442.000000f },
      .quality = 0.000000f, .angles = { 5.397082f, -3.011824f, -0.008752f }, .live = 0.000000f },
    { .model = "pose_224", .picture = "ben_2.jpg",
      .box = { 166.000000f, 170.000000f, 279.000000f, 393.000000f }, .points = { 226.000000f, 318.000000f, 349.000000f, 300.000000f, 311.000000f, 380.000000f, 252.000000f, 446.000000f, 355.000000f, 431.000000f },
      .quality = 0.000000f, .angles = { -22.077009f, -10.991102f, -10.057187f }, .live = 0.000000f },
    { .model = "liveness_128", .picture = "ana_1.jpg",
      .box = { 188.000000f, 170.000000f, 286.000000f, 370.000000f }, .points = { 272.000000f, 312.000000f, 404.000000f, 312.000000f, 341.000000f, 385.000000f, 278.000000f, 442.000000f, 391.000000f, 442.000000f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.999852f },
    { .model = "liveness_128", .picture = "ben_2.jpg",
      .box = { 166.000000f, 170.000000f, 279.000000f, 393.000000f }, .points = { 226.000000f, 318.000000f, 349.000000f, 300.000000f, 311.000000f, 380.000000f, 252.000000f, 446.000000f, 355.000000f, 431.000000f },
      .quality = 0.000000f, .angles = { 0.000000f, 0.000000f, 0.000000f }, .live = 0.999917f },
};
