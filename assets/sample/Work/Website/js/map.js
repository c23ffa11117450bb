const places = [[41.15, -8.61], [50.94, 6.96]];
for (const [lat, lon] of places) {
  console.log(`${lat}, ${lon}`);
}
