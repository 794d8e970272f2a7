/** Pictures are addresses that people typed. Only https is followed; anything else (`javascript:`, `data:`, …) is not a picture. */
export function avatarSource(image: string | null): string {
  if (image === null || !/^https:\/\//i.test(image) || !URL.canParse(image)) return '/default-avatar.svg';
  return image;
}

/** Decoration: the name always stands beside it. A picture that cannot be loaded shows the default one, by style sheet. */
export function Avatar({ image, className }: { image: string | null; className?: string }) {
  return (
    <img
      src={avatarSource(image)}
      className={`avatar ${className ?? ''}`.trim()}
      alt=""
      referrerPolicy="no-referrer"
      width={32}
      height={32}
    />
  );
}
