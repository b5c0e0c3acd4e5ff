/* Everything the app says, in English and Japanese. No DOM. */

/** key: [English, Japanese]; "_one": where English counts one. @type {Record<string, [string, string]>} */
export const catalogue = {
  // the frame
  title: ['kao · face recognition', 'kao · 顔認識'],
  tagline: ['Face recognition on this machine', 'この端末だけで動く顔認識'],
  views: ['Views', '画面'],
  tab_live: ['Live', 'ライブ'],
  tab_compare: ['Compare', '照合'],
  tab_video: ['Video', '動画'],
  tab_album: ['Album', 'アルバム'],
  privacy_webhooks: ['Pictures stay on the machine that runs kao. What its cameras see is told to {n} addresses of its owner.', '画像は kao を実行している端末の外に出ません。カメラの記録は、管理者が指定した {n} 件の宛先に送られます。'],
  privacy_webhooks_one: ['Pictures stay on the machine that runs kao. What its cameras see is told to an address of its owner.', '画像は kao を実行している端末の外に出ません。カメラの記録は、管理者が指定した宛先に送られます。'],
  somebody: ['Somebody', '誰か'],
  tab_cameras: ['Cameras', 'カメラ'],
  camera_picture: ['What {name} sees', '{name} の映像'],
  camera_opening: ['being opened', '接続中'],
  camera_running: ['running', '動作中'],
  camera_waiting: ['not reached, tried again', '接続できません（再試行中）'],
  camera_ended: ['ended', '終了'],
  camera_failed: ['failed', 'エラー'],
  events: ['What they have seen', 'これまでの記録'],
  events_none: ['Nothing yet.', 'まだ記録はありません。'],
  event_appear: ['Somebody has come', '誰かが現れました'],
  event_identified: ['{who} was recognised', '{who} を認識しました'],
  event_renamed: ['{who} is back', '{who} が戻りました'],
  event_leave: ['{who} has left', '{who} がいなくなりました'],
  tab_people: ['People', '人物'],
  other_language: ['日本語', 'English'],
  privacy: ['Nothing leaves this machine.', '画像もデータも、この端末の外には出ません。'],
  privacy_host: ['Pictures go from this browser to {host}, and nowhere else.', '画像はこのブラウザから {host} にだけ送られます。'],
  this_machine: ['this machine', 'この端末'],

  // keys and trust, for browsers of other machines
  key_title: ['A key is needed', 'キーが必要です'],
  key_text: ['This kao asks who comes. Scan the code in the terminal where it runs, or type an access key here; “kao key add NAME” makes one.', 'この kao の利用にはキーが必要です。kao を起動した端末の QR コードを読み取るか、アクセスキーを入力してください。キーは「kao key add 名前」で作れます。'],
  key_label: ['Access key', 'アクセスキー'],
  key_go: ['Open', '開く'],
  untrusted: ['This browser does not trust kao’s certificate yet: the app works, but cannot be installed.', 'このブラウザは kao の証明書をまだ信頼していません。アプリは使えますが、インストールはできません。'],
  untrusted_how: ['How to trust it', '信頼する方法'],
  trust_title: ['Trust this kao', 'この kao を信頼する'],
  trust_text: ['kao on {host} has made its certificate itself. Until this device trusts it the browser warns, and the app cannot be installed. Before the last step, compare the certificate’s SHA-256 fingerprint with the one in the terminal where kao runs.', '{host} の kao は証明書を自分で作りました。この端末が信頼するまで、ブラウザは警告を出し、アプリはインストールできません。最後の手順の前に、証明書の SHA-256 フィンガープリントが、kao を起動した端末の表示と同じか確かめてください。'],
  trust_none: ['This address of kao needs no certificate.', 'このアドレスでは証明書は必要ありません。'],
  trust_get: ['Download the certificate', '証明書をダウンロード'],
  trust_open: ['Open kao', 'kao を開く'],
  trust_android: ['Android', 'Android'],
  trust_android_1: ['Download the certificate above.', '上のボタンで証明書をダウンロードします。'],
  trust_android_2: ['Open Settings and search for “CA certificate” (Security, Encryption & credentials, Install a certificate).', '「設定」で「CA 証明書」を検索して開きます（セキュリティ →暗号化と認証情報 →証明書のインストール）。'],
  trust_android_3: ['Choose “Install anyway”, then the file ca.crt.', '「インストールする」を選び、ファイル ca.crt を選びます。'],
  trust_android_4: ['Come back, close this tab, and open kao again.', 'このタブを閉じて、kao を開き直します。'],
  trust_ios: ['iPhone and iPad', 'iPhone・iPad'],
  trust_ios_1: ['Download the certificate above in Safari, and allow it.', 'Safari で上のボタンから証明書をダウンロードし、「許可」を押します。'],
  trust_ios_2: ['Open Settings, “Profile Downloaded”, and install it.', '「設定」の「プロファイルがダウンロード済み」を開き、インストールします。'],
  trust_ios_3: ['In Settings, General, About, Certificate Trust Settings, switch kao on.', '「設定」→「一般」→「情報」→「証明書信頼設定」で kao を有効にします。'],
  trust_ios_4: ['Come back, close this tab, and open kao again.', 'このタブを閉じて、kao を開き直します。'],
  close: ['Close', '閉じる'],
  cancel: ['Cancel', 'キャンセル'],
  undo: ['Undo', '元に戻す'],
  undone: ['Taken back.', '元に戻しました。'],
  person_n: ['person {n}', '人物 {n}'],
  unknown: ['Unknown', '未登録'],
  samples: ['{n} pictures', '写真 {n} 枚'],
  samples_one: ['{n} picture', '写真 {n} 枚'],

  // live
  strip: ['Registered people', '登録した人'],
  strip_more: ['more', 'ほか'],
  nobody: ['Nobody is registered yet.', 'まだ誰も登録されていません。'],
  register: ['Register', '登録'],
  clear: ['Clear', '消去'],
  clear_ask: ['Remove everybody?', '全員の登録を消しますか？'],
  clear_text: ['{n} people and their pictures leave the list. You can take this back.', '{n} 人の登録と写真をリストから外します。あとで元に戻せます。'],
  clear_text_one: ['{n} person leaves the list. You can take this back.', '{n} 人の登録をリストから外します。あとで元に戻せます。'],
  clear_done: ['The list is empty.', '全員の登録を消しました。'],
  clear_none: ['There is nobody to remove.', '登録された人はいません。'],
  video: ['The video with the faces in it', '映像と、映っている顔'],
  source_clip: ['Example clip', 'サンプル映像'],
  source_file: ['Open a video', '動画を開く'],
  source_camera: ['Use the camera', 'カメラを使う'],
  source_turn: ['Other camera', 'カメラを切替'],
  play: ['Play', '再生'],
  pause: ['Pause', '一時停止'],
  camera_denied: ['The camera was not allowed. Allow it for this page in the browser, then press the button again.', 'カメラの使用が許可されていません。ブラウザの設定でこのページに許可してから、もう一度押してください。'],
  camera_none: ['No camera was found. Connect one, then press the button again.', 'カメラが見つかりません。接続してから、もう一度押してください。'],
  camera_lost: ['The camera has stopped. Press the camera button to start it again.', 'カメラが止まりました。カメラボタンでもう一度始められます。'],
  camera_insecure: ['Browsers give the camera to safe addresses alone: open this page as https:// or on the machine itself.', 'カメラは安全な接続でのみ使えます。https:// か、この端末自身のアドレスで開いてください。'],
  video_bad: ['This video cannot be played here. Try an MP4 (H.264) or WebM file.', 'この動画は再生できません。MP4（H.264）か WebM をお試しください。'],
  in_view: ['In view', '映っている人'],
  nobody_in_view: ['No face in view.', '顔は映っていません。'],
  in_view_list: ['In view: {names}.', '映っている人：{names}。'],
  nearest_none: ['nobody to compare with', '比べる相手がいません'],
  why_button: ['Why:', '理由を見る：'],
  pick_button: ['Register this face:', 'この顔を登録：'],
  pick_hint: ['Choose the face to register.', '登録する顔を選んでください。'],
  no_face_now: ['No face is in view. Wait for one, then press Register.', '顔が映っていません。映ったら「登録」を押してください。'],
  fps: ['{n} fps', '{n} fps'],
  latency: ['{n} ms', '{n} ms'],
  speed: ['{fps} frames a second, {ms} milliseconds each', '毎秒 {fps} コマ、1 コマ {ms} ミリ秒'],
  model: ['Model', 'モデル'],
  model_plain: ['For uncovered faces', '素顔向け'],
  model_mask: ['Also for faces with a mask', 'マスク着用向け'],
  model_auto: ['Changes by itself when faces are covered', '顔が覆われると自動で切り替え'],
  model_auto_name: ['Auto', '自動'],
  strictness: ['Strictness', '判定の厳しさ'],
  strict_words: ['About {rate} strangers would be taken for somebody.', '登録していない人を誰かと間違えるのは、およそ{rate}です。'],
  looser: ['finds more', '見つけやすく'],
  stricter: ['errs less', '間違えにくく'],
  starting: ['Starting…', '準備中…'],
  welcome_title: ['See it recognise', '認識を試す'],
  welcome_text: ['The clip shows three people who do not exist. Register them and kao knows them at once. Or press Register and do it yourself.', '映像の 3 人は実在しません。登録すると、すぐに認識されます。「登録」で自分で試すこともできます。'],
  welcome_button: ['Register the people of the clip', '映像の人物を登録する'],
  welcome_done: ['Ana, Ben and Emil are registered.', 'Ana・Ben・Emil を登録しました。'],
  waiting_server: ['No answer from kao. Is it still running? Trying again…', 'kao から応答がありません。動いていますか？ 再接続しています…'],

  // registering
  reg_title: ['Register this face', 'この顔を登録'],
  reg_name: ['Name', '名前'],
  reg_name_hint: ['May be left out and given later.', '空欄でも構いません。あとで付けられます。'],
  reg_consent: ['This person knows and agrees that kao remembers their face on {where}.', '本人は、{where}に顔の特徴が記録されることを知り、同意しています。'],
  reg_consent_needed: ['Please confirm this first.', '先に確認してください。'],
  reg_start: ['Register', '登録する'],
  reg_taking: ['Taking pictures. Look at the camera, turn the head a little.', '撮影中です。カメラを見て、少し顔を動かしてください。'],
  reg_taken: ['{n} of {all} pictures taken', '{all} 枚中 {n} 枚'],
  reg_same: ['Good. Move the head a little for another picture.', '撮れました。もう 1 枚のため、少し顔を動かしてください。'],
  reg_done: ['{name} is registered: {samples}.', '{name}を登録しました（{samples}）。'],
  reg_added: ['{name} has more pictures now.', '{name}に写真を追加しました。'],
  reg_cancelled: ['Cancelled. Nothing of it is kept.', 'キャンセルしました。何も保存していません。'],
  reg_refused: ['None of the pictures was good enough', '使える写真が撮れませんでした'],
  reg_gone: ['The face went out of view. Wait until it is back, then try again.', '顔が画面から外れました。映ってから、もう一度お試しください。'],
  reg_again: ['Try again', 'もう一度'],
  reg_anyway: ['Register anyway', 'それでも登録'],
  reg_to: ['Add to {name}', '{name}に追加'],
  quality_n: ['Quality {n} of 100', '品質 {n} / 100'],

  // outcomes of a picture
  blurred: ['Blurred: hold still, or give the picture more light.', 'ぼけています。動かずに、明るい場所でお試しください。'],
  dark: ['Too dark: turn on a light in front of the face.', '暗すぎます。顔の正面を明るくしてください。'],
  extreme_pose: ['Turned away: look more towards the camera.', '横を向いています。カメラの方を向いてください。'],
  masked: ['Partly covered, by a mask perhaps.', 'マスクなどで一部が隠れています。'],
  duplicate: ['Registered already: this picture says nothing new.', '同じ写真がすでに登録されています。'],
  looks_like: ['Looks like {name}, who is registered already ({similarity}).', 'すでに登録されている{name}に似ています（{similarity}）。'],
  unlike: ['Does not look like this person’s other pictures.', 'この人のほかの写真と似ていません。'],
  good: ['Good picture', '良い写真です'],

  // rates
  one_in: ['1 in {n}', '{n} 人に 1 人'],
  rate: ['1 in {n} strangers looks this alike.', 'これほど似ている他人は {n} 人に 1 人です。'],
  rate_extrapolated: ['About 1 in {n} strangers looks this alike (extrapolated).', 'これほど似ている他人はおよそ {n} 人に 1 人です（推定）。'],
  rate_at_most: ['Fewer than 1 in {n} strangers looks this alike.', 'これほど似ている他人は {n} 人に 1 人もいません。'],
  rate_at_least: ['More than 1 in {n} strangers look this alike.', 'これほど似ている他人は {n} 人に 1 人以上います。'],
  rate_most: ['Many strangers look this alike.', 'これくらい似ている他人は大勢います。'],
  rate_none: ['Hardly any stranger looks this alike.', 'これほど似ている他人はまずいません。'],
  rate_unknown: ['How often strangers look this alike was not measured.', '他人がこれほど似る割合は測られていません。'],
  rate_short: ['{sign}1 in {n} strangers', '他人なら {sign}1/{n}'],
  rate_most_short: ['many strangers', '他人でも多い'],
  ratio_for: ['{n} times more usual for one person than for two.', '別人どうしより、同じ人どうしで {n} 倍よく見られる値です。'],
  ratio_against: ['{n} times more usual for two people than for one.', '同じ人どうしより、別人どうしで {n} 倍よく見られる値です。'],
  same_below: ['{n} of 100 pairs of one person are less alike.', '同じ人どうしの組 100 組のうち {n} 組は、これより似ていません。'],
  same_rare: ['1 in {n} pairs of one person is less alike.', 'これより似ていない組は、同じ人どうしでは {n} 組に 1 組です。'],
  same_at_most: ['Fewer than 1 in {n} pairs of one person is less alike.', 'これより似ていない組は、同じ人どうしでは {n} 組に 1 組もありません。'],
  same_most: ['Nearly all pairs of one person are less alike.', '同じ人どうしの組のほとんどは、これより似ていません。'],
  ratio_unknown: ['Not measured for this model.', 'このモデルでは測られていません。'],

  // why
  why_title: ['Why {name}?', 'なぜ「{name}」？'],
  why_known: ['The nearest registered person is {name}, at {similarity}. From {threshold} on kao takes two faces for one person.', '登録された人で最も近いのは{name}（{similarity}）です。{threshold} 以上で本人と判定します。'],
  why_unknown: ['The nearest registered person is {name}, at {similarity}. kao asks for {threshold}, so this face stays unknown.', '登録された人で最も近いのは{name}（{similarity}）ですが、判定に必要な {threshold} に届かないため未登録とします。'],
  why_empty: ['Nobody is registered, so there is nobody to compare with.', 'まだ誰も登録されていないため、比べる相手がいません。'],
  why_gone: ['The face could not be looked at more closely in that frame. Try again.', 'この瞬間の顔を詳しく調べられませんでした。もう一度お試しください。'],
  why_nearest: ['Nearest people', '近い人'],
  why_face: ['The face kao looked at', '調べた顔'],
  why_points: ['The face kao looked at, with the five points it was aligned by', '調べた顔と、位置合わせに使った 5 つの点'],
  plot_title: ['How often strangers reach a similarity', '他人どうしの類似度の分布'],
  plot_label: ['Plot: similarity {similarity}, threshold {threshold}. {words}', 'グラフ：類似度 {similarity}、しきい値 {threshold}。{words}'],
  plot_x: ['similarity', '類似度'],
  plot_y: ['strangers who reach it', '届く他人の割合'],
  plot_threshold: ['threshold', 'しきい値'],
  plot_title_both: ['Strangers and one person: how often a similarity is met', '他人どうしと同じ人どうしの類似度の分布'],
  plot_y_both: ['share of the pairs', '組の割合'],
  plot_strangers: ['Pairs of strangers: as alike, or more', '他人どうし：これ以上似ている組'],
  plot_same: ['Pairs of one person: less alike', '同じ人どうし：これより似ていない組'],
  plot_measured_both: ['Measured with {model} on pairs of different people and {n} pairs of one person. The lower a point, the rarer for such pairs; dashed where only extrapolated.', '{model} で別人の組と同じ人の {n} 組から測定。点が低いほど、その組では珍しい値です。破線は推定です。'],
  plot_measured: ['Measured with {model} on pairs of different people; dashed where only extrapolated.', '{model} で別人の組から測定。破線は推定です。'],

  // compare
  compare_title: ['Are these the same person?', '同じ人ですか？'],
  compare_text: ['Drop, choose, paste or take two pictures. The largest face of each counts.', '写真を 2 枚、ドロップ・選択・貼り付け・撮影してください。それぞれ最も大きい顔を比べます。'],
  picture_first: ['First picture', '1 枚目'],
  picture_second: ['Second picture', '2 枚目'],
  picture_choose: ['Choose', '選択'],
  picture_camera: ['Camera', '撮影'],
  picture_remove: ['Remove {which}', '{which}を外す'],
  picture_drop: ['Drop a picture here', 'ここに写真をドロップ'],
  picture_of: ['{which}: {name}', '{which}：{name}'],
  take_title: ['Take a picture', '写真を撮る'],
  take: ['Take it', '撮影'],
  compare_example: ['Try an example pair', 'サンプルで試す'],
  comparing: ['Comparing…', '照合中…'],
  same: ['The same person', '同じ人です'],
  different: ['Different people', '別の人です'],
  verdict_same: ['Similarity {similarity}: from {threshold} on two faces count as one person.', '類似度 {similarity}。{threshold} 以上で同じ人と判定します。'],
  verdict_different: ['Similarity {similarity}: below {threshold} two faces count as two people.', '類似度 {similarity}。{threshold} 未満で別の人と判定します。'],
  fact_similarity: ['Similarity', '類似度'],
  fact_threshold: ['Threshold', 'しきい値'],
  fact_far: ['Strangers', '他人の場合'],
  fact_ratio: ['Evidence', '証拠の強さ'],
  not_alive: ['A photograph of a photograph is as alike: this does not show that somebody was there.', '写真を撮った写真でも同じように似ます。本人がその場にいた証明にはなりません。'],

  // the head is turned
  reg_turn: ['Ask to turn the head first', '先に顔を左右に向けてもらう'],
  turn_front: ['Look straight ahead', '正面を向いてください'],
  turn_left: ['Turn your head to your left', '顔を左に向けてください'],
  turn_right: ['Turn your head to your right', '顔を右に向けてください'],
  challenge_passed: ['Thank you.', 'ありがとうございます。'],
  challenge_lost: ['The face was out of sight.', '顔が見えなくなりました。'],
  challenge_changed: ['Another person came in.', '別の人に入れ替わりました。'],
  challenge_wrong: ['That was the other side.', '反対側を向きました。'],
  challenge_slow: ['That took too long.', '時間切れです。'],
  hurdle: ['A hurdle for photographs, not a proof: a video of somebody may pass.', '写真へのハードルであり、証明ではありません。動画は通ることがあります。'],
  door: ['Door', '入口'],
  door_text: ['Who stands here alone is recognised, and turns their head. This only tells; it opens nothing.', '一人で立つと認識し、顔を左右に向けてもらいます。結果を表示するだけで、何も開きません。'],
  door_empty: ['Nobody is here', '誰もいません'],
  door_several: ['One at a time', '一人ずつお願いします'],
  door_asking: ['Please do as it says.', '指示に従ってください。'],
  door_passed: ['It is {name}', '{name}です'],
  door_refused: ['Please try again', 'もう一度お試しください'],

  // jobs: what takes longer
  job_sending: ['Sending…', '送信中…'],
  job_waiting: ['Waiting for {n} others.', '順番待ちです（前に {n} 件）。'],
  job_waiting_one: ['Waiting for another one.', '順番待ちです（前に 1 件）。'],
  job_progress: ['{n} % done', '{n} % 完了'],
  job_again: ['Choose another one', '別のものを選ぶ'],
  name_button: ['Name…', '名前を付ける…'],
  name_of: ['Name: {who}', '名前を付ける：{who}'],
  name_title: ['Who is this?', 'この人は誰ですか？'],
  name_hint: ['Name only people who agree to be remembered here.', 'ここに記録されることに同意した人だけに名前を付けてください。'],
  name_new: ['A new person', '新しい人'],
  name_do: ['Save the name', '名前を保存'],
  name_needed: ['Please type a name first.', '名前を入力してください。'],
  name_done: ['kao knows {name} now.', '{name}を覚えました。'],

  // a video of the user's own
  video_title: ['Who is in the video, and when?', '動画に誰が、いつ映っていますか？'],
  video_text: ['Choose a video. kao looks through it and shows everybody on a time line. The video stays on this machine.', '動画を選ぶと、映っている人をタイムラインに示します。動画はこの端末の外に出ません。'],
  video_text_host: ['Choose a video. {host} looks through it and shows everybody on a time line.', '動画を選ぶと、{host} が調べて、映っている人をタイムラインに示します。'],
  video_choose: ['Choose a video', '動画を選択'],
  video_drop: ['Drop a video here', 'ここに動画をドロップ'],
  video_example: ['Try the example clip', 'サンプル映像で試す'],
  video_looking: ['Looking through {name}', '{name}を調べています'],
  video_none: ['Nobody is to be seen in this video.', 'この動画には誰も映っていません。'],
  video_found: ['{n} people', '{n} 人'],
  video_found_one: ['{n} person', '{n} 人'],
  video_cut: ['The file ends before its end: what there was of it was looked through.', 'ファイルが途中で切れているため、読めた部分だけを調べました。'],
  video_unplayable: ['This browser cannot play the video; the times are true all the same.', 'この動画はブラウザで再生できませんが、時刻は正しく表示されます。'],
  video_boxes: ['Show boxes', '枠を表示'],
  video_timeline: ['Time line', 'タイムライン'],
  video_jump: ['{who}, {from} to {to}', '{who}、{from}〜{to}'],
  video_seen: ['{n} in all', '合計 {n}'],
  video_hide: ['Hide', '隠す'],
  video_hide_who: ['Hide {who}', '{who}を隠す'],
  blur_title: ['Hide faces and export', '顔を隠して書き出す'],
  blur_text: ['Tick who is to be hidden. Things that only might be a face are hidden, too.', '隠す人にチェックを入れてください。顔かもしれないものも隠します。'],
  blur_everybody: ['Everybody', '全員'],
  blur_strangers: ['Strangers', '名前のない人'],
  blur_nobody: ['Nobody', 'なし'],
  blur_mode: ['How', '方法'],
  blur_blur: ['Blurred', 'ぼかし'],
  blur_mosaic: ['Mosaic', 'モザイク'],
  blur_black: ['Black', '黒塗り'],
  blur_do: ['Make the video', '動画を作成'],
  blur_making: ['Making the video', '動画を作成しています'],
  blur_done: ['Done: {n} hidden.', '完了：{n} 人を隠しました。'],
  blur_download: ['Download', 'ダウンロード'],

  // albums
  album_title: ['Who is on these pictures?', '写真に誰が写っていますか？'],
  album_text: ['Choose a folder, pictures or a zip. kao puts the faces of each person together; you give them names.', 'フォルダー・写真・ZIP を選ぶと、同じ人の顔をまとめます。名前を付けられます。'],
  album_folder: ['Choose a folder', 'フォルダーを選択'],
  album_pictures: ['Choose pictures', '写真を選択'],
  album_drop: ['Drop a folder, pictures or a zip here', 'ここにフォルダー・写真・ZIP をドロップ'],
  album_reading: ['{n} of {all} pictures, {faces} faces', '{all} 枚中 {n} 枚、顔 {faces} 個'],
  album_grouping: ['Putting faces together', '顔をまとめています'],
  album_none: ['No face was found on these pictures.', 'これらの写真に顔は見つかりませんでした。'],
  album_no_pictures: ['There is no picture among these files.', '写真が含まれていません。'],
  album_found: ['{groups} on {pictures}', '{pictures}に {groups}'],
  album_pictures_n: ['{n} pictures', '写真 {n} 枚'],
  album_pictures_n_one: ['{n} picture', '写真 {n} 枚'],
  album_bad: ['{n} files could not be read.', '{n} 個のファイルは読み取れませんでした。'],
  album_bad_one: ['{n} file could not be read.', '{n} 個のファイルは読み取れませんでした。'],
  album_faces: ['{n} faces', '顔 {n} 個'],
  album_faces_one: ['{n} face', '顔 {n} 個'],
  album_singles: ['Seen once', '1 回だけ'],
  album_stranger: ['Unknown {n}', '未登録 {n}'],
  album_out: ['Not this one: {file}', 'この人ではない：{file}'],
  album_out_done: ['It stands alone now.', '別の人として分けました。'],
  album_more: ['{n} more', 'ほか {n} 個'],
  review_title: ['The same person?', '同じ人ですか？'],
  review_text: ['kao is not sure about these. Your word counts.', '判断に迷う組です。あなたの答えが優先されます。'],
  review_people_text: ['They look alike. If they are one person, the samples of both become the first one’s.', 'よく似ています。同じ人なら、両方のサンプルを左の人にまとめます。'],
  review_yes: ['Yes, the same', 'はい、同じ人'],
  review_no: ['No', 'いいえ'],
  review_skip: ['Skip', 'あとで'],
  review_left: ['{n} questions left', '残り {n} 件'],
  review_left_one: ['{n} question left', '残り {n} 件'],
  review_of: ['Left: {a}. Right: {b}.', '左：{a}。右：{b}。'],

  // people
  people_search: ['Search', '検索'],
  people_none: ['Nobody is registered yet. Add pictures here, or press Register in Live.', 'まだ誰も登録されていません。写真を追加するか、ライブ画面で登録してください。'],
  people_no_match: ['Nobody has such a name.', '該当する人はいません。'],
  people_more: ['{n} more: search for them.', 'ほか {n} 人は検索してください。'],
  people_count: ['{n} people', '{n} 人'],
  people_count_one: ['{n} person', '{n} 人'],
  import_title: ['Many people at once', 'まとめて登録'],
  import_text: ['A folder with a folder for each person, named after them; a zip of one; or what was exported.', '人ごとのフォルダー（フォルダー名が名前）をまとめたフォルダー、その ZIP、または書き出したファイルから登録します。'],
  import_drop: ['Drop a folder or a zip here', 'ここにフォルダーか ZIP をドロップ'],
  import_file: ['Choose a file', 'ファイルを選択'],
  import_doing: ['Registering many people', 'まとめて登録しています'],
  import_reading: ['{n} of {all} pictures', '{all} 枚中 {n} 枚'],
  import_done: ['New: {people}, {samples}.', '新しい登録：{people}、{samples}。'],
  import_known: ['{n} pictures were registered already.', '{n} 枚はすでに登録されています。'],
  import_known_one: ['{n} picture was registered already.', '{n} 枚はすでに登録されています。'],
  import_out: ['{n} pictures were left out', '{n} 枚は登録していません'],
  import_out_one: ['{n} picture was left out', '{n} 枚は登録していません'],
  no_folder: ['It lies in no person’s folder.', '人のフォルダーに入っていません。'],
  several_people: ['Several people have this name.', '同じ名前の人が複数います。'],
  export: ['Export everybody', '全員を書き出す'],
  new_person: ['New person', '新しい人'],
  add_pictures: ['Add pictures', '写真を追加'],
  add_drop: ['Drop pictures of one person here', '1 人の写真をここにドロップ'],
  add_choose: ['Choose pictures', '写真を選択'],
  add_outcomes: ['What became of the pictures', '追加の結果'],
  added: ['Added. Quality {n} of 100.', '追加しました（品質 {n} / 100）。'],
  back: ['All people', '一覧へ戻る'],
  name: ['Name', '名前'],
  note: ['Note', 'メモ'],
  save: ['Save', '保存'],
  saved: ['Saved.', '保存しました。'],
  pictures: ['Pictures', '写真'],
  since: ['Since {date}', '{date} に登録'],
  sample_n: ['Picture {n}', '写真 {n}'],
  quality_short: ['quality {n}', '品質 {n}'],
  move: ['Move…', '移動…'],
  move_title: ['Whose picture is this?', 'これは誰の写真ですか？'],
  move_done: ['Moved.', '移動しました。'],
  not_this: ['Not this person', 'この人ではない'],
  not_this_done: ['It is another person now, and kao will not take it for this one again.', '別の人にしました。今後この人とは判定しません。'],
  groups: ['Groups', 'グループ'],
  groups_hint: ['With commas between: family, class 3b.', '「、」で区切ります（例：家族、3年B組）。'],
  comma: [', ', '、'],
  ignore: ['Leave out: a statue, a poster, somebody passing by', '除外する（像・ポスター・通行人など）'],
  ignored: ['left out', '除外中'],
  said_title: ['What you said', '指定した内容'],
  said_text: ['kao never contradicts it, whatever the pictures look like.', '写真の見た目にかかわらず、必ず守られます。'],
  said_apart: ['{name} is somebody else.', '{name}とは別の人です。'],
  said_not: ['One picture is not of {name}.', '{name}ではない写真が 1 枚あります。'],
  take_back: ['Take back', '取り消す'],
  apart: ['Not the same as…', '別の人と指定…'],
  apart_title: ['Who is not {name}?', '{name}と別の人は誰ですか？'],
  apart_text: ['The two are never taken for one, nor merged.', 'この 2 人は同一とみなさず、統合もしません。'],
  apart_do: ['They are two people', '別の人です'],
  remove: ['Remove', '外す'],
  remove_person: ['Remove person', 'この人を外す'],
  removed: ['Removed.', '外しました。'],
  merge: ['Merge…', '統合…'],
  merge_title: ['Who is the same person as {name}?', '{name}と同じ人は誰ですか？'],
  merge_text: ['{name} and the chosen person become one, under the chosen name.', '{name}を、選んだ人に統合します。'],
  merge_done: ['Merged.', '統合しました。'],
  choose_person: ['Person', '人物'],
  nobody_else: ['There is nobody else.', 'ほかに登録された人はいません。'],
  do_merge: ['Merge', '統合する'],
  do_move: ['Move', '移動する'],
  forget: ['Forget for good…', '完全に消去…'],
  forget_title: ['Forget {name} for good?', '{name}を完全に消去しますか？'],
  forget_text: ['Every number made of this face is erased from the files. Nothing brings it back. Type “{word}” to go on.', 'この顔から作られた数値をファイルから完全に消します。元には戻せません。続けるには「{word}」と入力してください。'],
  forget_confirm: ['Confirmation', '確認'],
  forget_do: ['Forget', '消去する'],
  receipt_title: ['Forgotten', '消去しました'],
  receipt_text: ['{samples} erased. {bytes} bytes of the files were searched for {pieces} pieces of it: {traces} traces are left.', '{samples}を消去しました。ファイル {bytes} バイトから {pieces} 個の断片を探し、残っていた痕跡は {traces} 個でした。'],
  history: ['History', '履歴'],
  history_none: ['Nothing was changed yet.', 'まだ変更はありません。'],
  history_undone: ['taken back', '取消済み'],
  history_undo: ['Undo: {what}', '元に戻す：{what}'],
  action_add: ['New person', '人物を追加'],
  action_rename: ['Renamed', '名前を変更'],
  action_note: ['Note changed', 'メモを変更'],
  action_external: ['External id changed', '外部 ID を変更'],
  action_merge: ['Merged', '統合'],
  action_remove: ['Removed', '人物を外した'],
  action_clear: ['Everybody removed', '全員を消去'],
  action_enrol: ['Registered', '登録'],
  action_move: ['Picture moved', '写真を移動'],
  action_split: ['Picture split out', '写真を別の人に'],
  'action_remove-sample': ['Picture removed', '写真を外した'],
  action_apart: ['Two people', '別の人と指定'],
  action_not: ['Not that person', 'その人ではないと指定'],
  action_drop: ['A word taken back', '指定を取り消した'],
  action_group: ['Groups changed', 'グループを変更'],
  action_ignore: ['Left out', '除外した'],
  'action_ignore no more': ['Not left out any more', '除外をやめた'],
  action_undo: ['Taken back', '元に戻した'],
  action_forget: ['Forgotten', '完全に消去'],

  // errors of the recogniser, by code
  error_unreachable: ['No answer from kao. Start it again with “kao serve”, then reload this page.', 'kao から応答がありません。「kao serve」で起動し直し、ページを再読み込みしてください。'],
  error_no_face: ['No face was found. Take a picture in which the face is larger and well lit.', '顔が見つかりません。顔が大きく明るく写った写真をお使いください。'],
  error_several_faces: ['More than one face. Cut the picture to one of them.', '顔が複数写っています。1 人だけになるよう切り取ってください。'],
  error_too_small: ['The face is too small. Come nearer, or use a larger picture.', '顔が小さすぎます。近づくか、大きい写真をお使いください。'],
  error_bad_embedding: ['This face cannot be described. Use another picture.', 'この顔は調べられません。別の写真をお使いください。'],
  error_invalid_image: ['This is no picture kao can read, or it is damaged. Use JPEG, PNG or WebP.', '読み取れない画像です。JPEG・PNG・WebP をお使いください。'],
  error_invalid_video: ['This is no video kao can read, or it is damaged. Use MP4, WebM, MOV or MKV.', '読み取れない動画です。MP4・WebM・MOV・MKV をお使いください。'],
  error_invalid_zip: ['This is no zip kao can read, or it is damaged.', '読み取れない ZIP ファイルです。'],
  error_invalid_file: ['This is neither a zip of pictures nor an export of kao, or it is damaged.', '写真の ZIP でも、kao が書き出したファイルでもありません。'],
  error_no_space: ['There is no room for this on the disk.', 'ディスクの空きが足りません。'],
  error_unsupported: ['This kind of picture cannot be read here. Use JPEG, PNG or WebP.', 'この形式の画像は読み取れません。JPEG・PNG・WebP をお使いください。'],
  error_too_large: ['The picture is too large. Use a smaller one.', '画像が大きすぎます。小さいものをお使いください。'],
  error_busy: ['kao is busy. Try again in a moment.', 'kao が混み合っています。少し待ってお試しください。'],
  error_out_of_memory: ['This machine has no memory left for this. Try again in a moment.', 'メモリーが足りません。少し待ってお試しください。'],
  error_stopping: ['kao is being ended. Start it again, then reload this page.', 'kao は終了中です。起動し直してページを再読み込みしてください。'],
  error_not_found: ['This is not there any more. Reload the page.', 'すでに存在しません。ページを再読み込みしてください。'],
  error_conflict: ['A later change, or what you said, stands against it: {message}', '後の変更または指定した内容と矛盾します：{message}'],
  error_invalid_argument: ['That cannot be used: {message}', 'その値は使えません：{message}'],
  error_key_needed: ['A key is needed. Reload this page.', 'キーが必要です。ページを再読み込みしてください。'],
  error_key_wrong: ['This key or code is not known here, or no longer good. A code works once, for ten minutes.', 'このキーまたはコードは使えません。コードは 10 分以内に 1 回だけ使えます。'],
  error_too_many: ['That was too much at once. Wait a moment, then try again.', '一度に多すぎます。少し待ってお試しください。'],
  error_locked_out: ['Too many wrong keys came from this device. Wait a few minutes, then try again.', '誤ったキーが続きました。数分待ってからお試しください。'],
  error_forbidden: ['kao is not reached under this name. Use the address in the terminal where it runs.', 'このアドレスでは利用できません。kao を起動した端末に表示されたアドレスをお使いください。'],
  error_other: ['That did not work: {message}', 'うまくいきませんでした：{message}'],
};

export const languages = /** @type {const} */ (['en', 'ja']);
/** @typedef {typeof languages[number]} Language */

/** @type {Language} */
let current = 'en';

/** @param {Language} language */
export function speak(language) {
  current = language;
}

export function language() {
  return current;
}

/** The first one that the app speaks, else English. @param {readonly string[]} wanted as a browser lists them @returns {Language} */
export function chooseLanguage(wanted) {
  for (const tag of wanted) for (const known of languages) if (tag.toLowerCase().split('-')[0] === known) return known;
  return 'en';
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values = {}) {
  const text = catalogue[key]?.[current === 'ja' ? 1 : 0] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** @param {string} key @param {number} n @param {Record<string, string | number>} [values] */
export function count(key, n, values = {}) {
  return say(n === 1 && catalogue[`${key}_one`] ? `${key}_one` : key, { n: number(n), ...values });
}

/** @param {number} n */
export function number(n) {
  return new Intl.NumberFormat(current).format(n);
}

/** @param {string} time as the API writes it */
export function date(time) {
  return new Intl.DateTimeFormat(current, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

/** With seconds. @param {number} seconds since 1970 */
export function moment(seconds) {
  return new Intl.DateTimeFormat(current, { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(seconds * 1000));
}

/** @param {readonly string[]} names */
export function list(names) {
  return new Intl.ListFormat(current, { type: 'conjunction' }).format(names);
}

/** @param {string | null | undefined} name @param {number | null | undefined} person */
export function called(name, person) {
  if (person === null || person === undefined) return say('unknown');
  return name || say('person_n', { n: person });
}

/** A change's detail, which the gallery writes in English. @param {string} text */
export function detail(text) {
  return text.replace(/\b(\d+) samples?\b/g, (_, n) => count('samples', Number(n)))
    .replace(/\b(\d+) (?:person|people)\b/g, (_, n) => count('people_count', Number(n)))
    .replace(/\bperson (\d+)\b/g, (_, n) => say('person_n', { n }));
}

/** What went wrong, and what to do about it. @param {any} error */
export function explain(error) {
  const key = `error_${error?.code}`;
  return say(catalogue[key] ? key : 'error_other', { message: error?.message ?? String(error) });
}

