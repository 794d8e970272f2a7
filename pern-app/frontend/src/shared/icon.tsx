/** Drawn here, 24 × 24: no font and no further request is needed. The names are those of the RealWorld templates. */
const SHAPES = {
  'ion-heart': 'M12 21 3.6 12.6a5.4 5.4 0 0 1 7.7-7.6l.7.7.7-.7a5.4 5.4 0 0 1 7.7 7.6z',
  'ion-plus-round': 'M10.5 4h3v6.5H20v3h-6.5V20h-3v-6.5H4v-3h6.5z',
  'ion-edit': 'M4 17.2V20h2.8L17.6 9.2l-2.8-2.8zM20 6.8 17.2 4l-1.4 1.4 2.8 2.8z',
  'ion-compose': 'M4 17.2V20h2.8L17.6 9.2l-2.8-2.8zM20 6.8 17.2 4l-1.4 1.4 2.8 2.8z',
  'ion-trash-a': 'M9 3h6l1 2h4v2H4V5h4zM6 8h12l-1 13H7z',
  'ion-close-round': 'm6.4 4.3 5.6 5.6 5.6-5.6 2.1 2.1-5.6 5.6 5.6 5.6-2.1 2.1-5.6-5.6-5.6 5.6-2.1-2.1L9.9 12 4.3 6.4z',
  'ion-gear-a':
    'M10.3 2h3.4l.5 2.6 1.7.7 2.2-1.5 2.4 2.4-1.5 2.2.7 1.7 2.6.5v3.4l-2.6.5-.7 1.7 1.5 2.2-2.4 2.4-2.2-1.5-1.7.7-.5 2.6h-3.4l-.5-2.6-1.7-.7-2.2 1.5-2.4-2.4L5 16.2l-.7-1.7-2.6-.5v-3.4l2.6-.5L5 8.4 3.5 6.2l2.4-2.4 2.2 1.5 1.7-.7zM12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
} as const;

export type IconName = keyof typeof SHAPES;

/** Decoration: the text beside it, or the label of its button, says what it means. */
export function Icon({ name }: { name: IconName }) {
  return (
    <i className={name} aria-hidden="true">
      <svg aria-hidden="true" viewBox="0 0 24 24" width="1em" height="1em" fill="currentColor" focusable="false">
        <path d={SHAPES[name]} fillRule="evenodd" />
      </svg>
    </i>
  );
}
