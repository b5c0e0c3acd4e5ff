/* Files that somebody dropped or chose: folders walked, each with its path. */

/** Where files of a dropped folder lay in it. @type {WeakMap<File, string>} */
const paths = new WeakMap();

/** "trip/day 1/one.jpg" of a folder, else the name. @param {File} file */
export const pathOf = (file) => paths.get(file) ?? (file.webkitRelativePath || file.name);

/** The folder that a file lies in, as its name is typed (macOS takes letters apart); '': none. @param {File} file */
export const folderOf = (file) => (pathOf(file).split('/').at(-2) ?? '').normalize('NFC');

/** What file managers add is no file of anybody's. @param {File} file */
const isHidden = (file) => /(^|\/)(\.|__MACOSX\/)/.test(pathOf(file));

/** @param {File} file */
export const isPicture = (file) => !isHidden(file) && file.type !== 'image/svg+xml' &&
  (file.type.startsWith('image/') || /\.(jpe?g|png|webp|hei[cf]|avif|gif|bmp|tiff?)$/i.test(file.name));

/** @param {File} file */
export const isVideo = (file) => file.type.startsWith('video/') || /\.(mkv|mp4|mov|webm|avi|mts|m2ts|mpg)$/i.test(file.name);

/** @param {File} file */
export const isZip = (file) => /\.zip$/i.test(file.name);

/** All files below. @param {FileSystemEntry} entry @param {File[]} into @returns {Promise<void>} */
async function walk(entry, into) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => { /** @type {FileSystemFileEntry} */ (entry).file(done, failed); });
    paths.set(file, entry.fullPath.replace(/^\//, ''));
    into.push(file);
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) { // it gives some at a time
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (some.length === 0) return;
    for (const one of some) await walk(one, into).catch(() => {}); // what cannot be read is left out
  }
}

/**
 * Of a drop. To be called while the event is handled: what it names is gone afterwards.
 * @param {DataTransfer | null} data @param {(file: File) => boolean} wanted @returns {Promise<File[]>}
 */
export async function filesIn(data, wanted) {
  const entries = [...(data?.items ?? [])].filter((i) => i.kind === 'file').map((i) => i.webkitGetAsEntry());
  const plain = [...(data?.files ?? [])];
  /** @type {File[]} */
  const files = [];
  if (entries.some((e) => e?.isDirectory)) for (const entry of entries) if (entry) await walk(entry, files).catch(() => {});
  return (files.length ? files : plain).filter(wanted);
}

/**
 * Lets files and folders be dropped on an element.
 * @param {HTMLElement} root @param {(files: File[]) => void} take @param {(file: File) => boolean} [wanted]
 */
export function takeDrops(root, take, wanted = isPicture) {
  root.addEventListener('dragover', (event) => {
    event.preventDefault();
    root.classList.add('over');
  });
  root.addEventListener('dragleave', () => root.classList.remove('over'));
  root.addEventListener('drop', async (event) => {
    event.preventDefault();
    root.classList.remove('over');
    const files = await filesIn(event.dataTransfer, wanted);
    if (files.length) take(files);
  });
}
