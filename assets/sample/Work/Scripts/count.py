import csv
import sys


def main():
    rows = list(csv.DictReader(sys.stdin))
    print(sum(float(row['amount']) for row in rows))


if __name__ == '__main__':
    main()
